package io.ltri.index.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a start does with the data folder of an earlier run: finds the sealed documents and the
 * builds that have a checkpoint, and completes or deletes what was half-done.
 */
final class Recovery {

  private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

  private final Catalog catalog;

  Recovery(Catalog catalog) {
    this.catalog = catalog;
  }

  void run() throws IOException {
    for (String folder :
        List.of(Catalog.BUILDING, Catalog.DELETING, Catalog.HIDDEN, Catalog.IMPORTING)) {
      catalog.files.createFolders(catalog.documents.resolve(folder));
    }
    catalog.life.files().chargeWhatIsThere();
    catalog.life.recordDeletionsLeft(FolderTree.list(catalog.documents.resolve(Catalog.DELETING)));
    report(catalog.builds.recover(), "unfinished documents of an earlier run were deleted");
    for (UnfinishedBuilds.Waiting waiting : catalog.builds.all()) {
      catalog.life.foundBuild(waiting.id(), waiting.checkpoint());
    }
    clean(Catalog.DELETING, "deletions of an earlier run were completed");
    clean(Catalog.IMPORTING, "unfinished imports of an earlier run were deleted");
    findDocuments();
    recoverLineage();
  }

  private void clean(String name, String message) throws IOException {
    List<String> cleaned = new ArrayList<>();
    for (Path left : FolderTree.list(catalog.documents.resolve(name))) {
      FolderTree.delete(catalog.files, left);
      cleaned.add(left.getFileName().toString());
    }
    report(cleaned, message);
  }

  private static void report(List<String> cleaned, String message) {
    if (!cleaned.isEmpty()) {
      LOG.warn("{} {}: {}", cleaned.size(), message, String.join(", ", cleaned));
    }
  }

  private void findDocuments() throws IOException {
    for (Path folder : FolderTree.list(catalog.documents)) {
      String id = folder.getFileName().toString();
      if (id.startsWith(".") || !Files.isDirectory(folder)) {
        continue;
      }
      long sealedAtMillis = 0;
      try {
        Manifest manifest = Manifest.read(id, folder);
        sealedAtMillis = manifest.sealedAtMillis();
        catalog.entries.put(
            id, new Entry.Sealed(new SealedDocument(manifest, folder, catalog.files)));
      } catch (DataLossException e) {
        LOG.warn("a damaged document is not listed: {}", e.getMessage());
        catalog.entries.put(id, new Entry.Damaged(folder, e));
      }
      catalog.life.found(id, folder, sealedAtMillis);
    }
  }

  private void recoverLineage() throws IOException {
    for (String id : catalog.lineage.marked()) {
      switch (catalog.entries.get(id)) {
        case Entry.Sealed sealed -> {
          catalog.lineage.found(id, sealed.document());
          catalog.entries.remove(id);
          catalog.life.book().forget(id);
        }
        case Entry.Building building -> {}
        case Entry.Damaged damaged -> {}
        case null -> catalog.lineage.purged(id);
      }
    }
    for (String id : catalog.lineage.all().keySet()) {
      new Removal(catalog).purge(id);
    }
    boolean changed = true;
    while (changed) {
      changed = false;
      for (Map.Entry<String, Entry> found : catalog.entries.entrySet()) {
        String parent = catalog.origin(found.getKey()).parentId();
        if (found.getValue() instanceof Entry.Sealed sealed
            && !parent.isEmpty()
            && catalog.lineage.get(parent) == null
            && !(catalog.entries.get(parent) instanceof Entry.Sealed)) {
          DataLossException problem =
              new DataLossException(
                  "document %s can not be used: document %s, which it continues, is missing or damaged"
                      .formatted(found.getKey(), parent));
          LOG.warn("a damaged document is not listed: {}", problem.getMessage());
          found.setValue(new Entry.Damaged(sealed.document().folder(), problem));
          changed = true;
        }
      }
    }
  }
}
