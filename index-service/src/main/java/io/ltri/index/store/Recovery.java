package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import io.ltri.index.cipher.Encryption;
import io.ltri.index.cipher.NamedKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.crypto.AEADBadTagException;
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
        Manifest manifest = withCurrentKey(Manifest.read(id, folder), folder);
        sealedAtMillis = manifest.sealedAtMillis();
        catalog.entries.put(
            id,
            new Entry.Sealed(
                new SealedDocument(manifest, folder, catalog.files, catalog.settings.keys())));
      } catch (DataLossException e) {
        LOG.warn("a damaged document is not listed: {}", e.getMessage());
        catalog.entries.put(id, new Entry.Damaged(folder, e));
      }
      catalog.life.found(id, folder, sealedAtMillis);
    }
  }

  /** A key that has become current wraps the data keys of the tenant's other documents, too. */
  private Manifest withCurrentKey(Manifest manifest, Path folder) {
    Encryption encryption = manifest.encryption();
    String tenant = manifest.origin().tenant();
    NamedKey current = encryption == null ? null : catalog.settings.keys().current(tenant);
    if (encryption == null || current == null || current.id().equals(encryption.keyId())) {
      return manifest;
    }
    NamedKey before = catalog.settings.keys().find(encryption.keyId(), tenant);
    if (before == null) {
      return manifest;
    }
    try {
      Manifest changed = manifest.with(DocumentCipher.rewrap(encryption, before, current));
      catalog.deleteQuietly(folder.resolve(Manifest.UNFINISHED));
      changed.write(catalog.files, folder);
      LOG.info(
          "document {}: key '{}' takes the place of '{}'",
          manifest.id(),
          current.id(),
          before.id());
      return changed;
    } catch (AEADBadTagException | IOException e) {
      LOG.warn(
          "document {} keeps key '{}': it could not be given key '{}': {}",
          manifest.id(),
          before.id(),
          current.id(),
          e.toString());
      return manifest;
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
