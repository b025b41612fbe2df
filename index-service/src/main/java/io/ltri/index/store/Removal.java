package io.ltri.index.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes documents away: from readers' sight by one rename, then from the disk; who reads one can
 * finish. One that others stand on is hidden, and goes with the last of them.
 */
final class Removal implements LifeCycle.Documents {

  private static final Logger LOG = LoggerFactory.getLogger(Removal.class);

  private final Catalog catalog;

  Removal(Catalog catalog) {
    this.catalog = catalog;
  }

  /**
   * A document that others stand on is hidden, and goes for good with the last of them.
   *
   * @return false when it is only hidden
   */
  @Override
  public boolean remove(String id) {
    if (catalog.builds.get(id) != null) {
      drop(id);
      return true;
    }
    Origin origin = catalog.origin(id);
    if (catalog.entry(id) instanceof Entry.Building) {
      // Without the turn: who appends to it may be about to take it, to make room.
      deleteAlone(id);
      purgeParent(origin);
      return true;
    }
    catalog.lineage.turn().lock();
    try {
      if (catalog.entry(id) instanceof Entry.Sealed sealed && catalog.isStoodOn(id)) {
        catalog.lineage.hide(id, sealed.document());
        catalog.entries.remove(id, sealed);
        // It has no end of its own any more.
        catalog.life.book().forget(id);
        return false;
      }
      deleteAlone(id);
      purge(origin.parentId());
      return true;
    } catch (IOException e) {
      throw DocumentStore.failure("delete document " + id, e);
    } finally {
      catalog.lineage.turn().unlock();
    }
  }

  private void drop(String unfinished) {
    catalog.builds.turn().lock();
    catalog.lineage.turn().lock();
    try {
      UnfinishedBuilds.Waiting waiting = catalog.builds.get(unfinished);
      if (waiting == null) {
        throw catalog.notFound(unfinished);
      }
      long unused = catalog.builds.drop(waiting);
      purge(waiting.checkpoint().origin().parentId());
    } finally {
      catalog.lineage.turn().unlock();
      catalog.builds.turn().unlock();
    }
  }

  /**
   * Removes a hidden document that nobody stands on any more, and so on with its parent. The caller
   * holds the turn of the lineage.
   */
  void purge(String id) {
    SealedDocument gone = catalog.lineage.get(id);
    if (gone == null || catalog.isStoodOn(id)) {
      return;
    }
    Path grave = catalog.documents.resolve(Catalog.DELETING).resolve(id);
    try {
      gone.leave(() -> catalog.files.move(gone.folder(), grave));
      catalog.files.forceFolder(catalog.documents);
    } catch (IOException e) {
      LOG.warn("document {} is deleted for good at the next start only: {}", id, e.toString());
      return;
    }
    catalog.lineage.purged(id);
    catalog.opened.forget(id);
    catalog.life.buried(id);
    catalog.deleteQuietly(grave);
    catalog.life.abandon(id);
    purge(gone.summary().origin().parentId());
  }

  /** Who reads it can finish. */
  private void deleteAlone(String id) {
    Entry entry = catalog.entry(id);
    switch (entry) {
      case Entry.Building building -> {
        BuildingDocument document = building.document();
        document.discard();
        catalog.entries.remove(id, entry);
        document.release();
        catalog.deleteQuietly(document.folder());
        catalog.deleteQuietly(document.scratchFolder());
      }
      case Entry.Sealed(SealedDocument document) -> {
        Path folder = document.folder();
        bury(id, entry, folder, to -> document.leave(() -> catalog.files.move(folder, to)));
        catalog.opened.forget(id);
      }
      case Entry.Damaged damaged ->
          bury(id, entry, damaged.folder(), to -> catalog.files.move(damaged.folder(), to));
    }
  }

  private interface MoveTo {
    void run(Path grave) throws IOException;
  }

  private void bury(String id, Entry entry, Path folder, MoveTo move) {
    if (!catalog.entries.remove(id, entry)) {
      throw catalog.notFound(id);
    }
    Path grave = catalog.documents.resolve(Catalog.DELETING).resolve(id);
    try {
      move.run(grave);
      catalog.files.forceFolder(catalog.documents);
    } catch (IOException e) {
      if (Files.exists(folder)) {
        catalog.entries.put(id, entry);
        throw DocumentStore.failure("delete document " + id, e);
      }
      LOG.warn(
          "the deletion of document {} may be undone by a power failure: {}", id, e.toString());
    }
    catalog.life.buried(id);
    catalog.deleteQuietly(grave);
  }

  /** A document that stood on another is gone: so is the other if it was only waiting for that. */
  void purgeParent(Origin origin) {
    catalog.lineage.turn().lock();
    try {
      purge(origin.parentId());
    } finally {
      catalog.lineage.turn().unlock();
    }
  }

  @Override
  public List<String> evictable() {
    Set<String> parents = catalog.parents();
    return catalog.entries.entrySet().stream()
        .filter(
            entry ->
                entry.getValue() instanceof Entry.Sealed sealed
                    && !sealed.document().isInUse()
                    && !parents.contains(entry.getKey()))
        .map(Map.Entry::getKey)
        .toList();
  }

  @Override
  public List<DocumentSummary> builds() {
    return catalog.list(true).stream()
        .filter(document -> document.state() == DocumentState.BUILDING)
        .filter(document -> !catalog.builds.isBeingTaken(document.id()))
        .toList();
  }

  @Override
  public boolean isSealed(String id) {
    return catalog.entries.get(id) instanceof Entry.Sealed;
  }

  @Override
  public boolean isHeld(String id) {
    return catalog.entries.get(id) instanceof Entry.Building;
  }

  @Override
  public List<Path> orphans() throws IOException {
    List<Path> orphans = new ArrayList<>();
    for (Path left : FolderTree.list(catalog.documents.resolve(Catalog.DELETING))) {
      orphans.addAll(Orphans.tree(left));
    }
    for (Path left : FolderTree.list(catalog.documents.resolve(Catalog.BUILDING))) {
      String name = Objects.requireNonNull(catalog.life.files().account(left));
      if (catalog.life.accounts().isOrphan(name)
          || catalog.entries.get(name) instanceof Entry.Sealed) {
        orphans.addAll(Orphans.tree(left));
      }
    }
    for (Entry entry : catalog.entries.values()) {
      if (entry instanceof Entry.Sealed sealed) {
        orphans.addAll(Orphans.foreign(sealed.document().folder(), sealed.document().fileNames()));
      }
    }
    return orphans;
  }
}
