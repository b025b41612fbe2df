package io.ltri.index.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts documents, and goes on with those that were left unfinished. */
final class Beginnings {

  private static final Logger LOG = LoggerFactory.getLogger(Beginnings.class);

  private final Catalog catalog;
  private final Removal removal;

  Beginnings(Catalog catalog) {
    this.catalog = catalog;
    this.removal = new Removal(catalog);
  }

  /**
   * Starts an empty document; or, when there is an unfinished build of the same tenant with its
   * build key, takes that over as of its last checkpoint. Whoever held it before can not go on.
   *
   * @throws WrongStateException when that build is of another layout or parent, is being sealed, or
   *     is still being read, or when there can not be as many replicas
   */
  DocumentSummary create(NewDocument wanted) {
    if (wanted.replicas() > 0) {
      catalog.publication.begins(wanted.replicas());
    }
    if (wanted.buildKey().isEmpty()) {
      return begin(wanted);
    }
    catalog.builds.turn().lock();
    try {
      for (Entry entry : catalog.entries.values()) {
        if (entry instanceof Entry.Building building && isBuildOf(wanted, building.document())) {
          letGo(building);
        }
      }
      UnfinishedBuilds.Waiting waiting = catalog.builds.find(wanted);
      return waiting == null ? begin(wanted) : resume(waiting, wanted);
    } finally {
      catalog.builds.turn().unlock();
    }
  }

  private static boolean isBuildOf(NewDocument wanted, BuildingDocument document) {
    return document.buildKey().equals(wanted.buildKey())
        && document.origin().tenant().equals(wanted.origin().tenant());
  }

  private void letGo(Entry.Building entry) {
    BuildingDocument document = entry.document();
    boolean waits = catalog.builds.letGo(document);
    catalog.entries.remove(document.id(), entry);
    document.release();
    if (!waits) {
      catalog.deleteQuietly(document.folder());
      catalog.deleteQuietly(document.scratchFolder());
      catalog.life.abandon(document.id());
      removal.purgeParent(document.origin());
    }
  }

  private DocumentSummary begin(NewDocument wanted) {
    String id = catalog.newId(wanted.origin().parentId(), wanted.replicas());
    // Making room for the first bytes may need the turn of another thread: it is not held
    // meanwhile.
    catalog.lineage.turn().lock();
    try {
      requireParent(wanted);
      catalog.lineage.promise(id, wanted.origin().parentId());
    } finally {
      catalog.lineage.turn().unlock();
    }
    catalog.life.begin(id, wanted.origin().tenant(), wanted.ephemeral());
    Path folder = catalog.documents.resolve(Catalog.BUILDING).resolve(id);
    Path scratch =
        catalog.documents.resolve(Catalog.BUILDING).resolve(id + UnfinishedBuilds.SCRATCH);
    try {
      BuildingDocument document =
          BuildingDocument.begin(
              catalog.files,
              folder,
              scratch,
              id,
              wanted,
              layersPerFile(wanted),
              Ciphers.begin(catalog.settings.keys(), wanted.origin().tenant(), id));
      catalog.entries.put(id, new Entry.Building(document));
      catalog.lineage.kept(id);
      return document.summary().with(catalog.life.book().of(id));
    } catch (IOException e) {
      catalog.deleteQuietly(folder);
      catalog.deleteQuietly(scratch);
      catalog.life.abandon(id);
      catalog.lineage.kept(id);
      removal.purgeParent(wanted.origin());
      throw DocumentStore.failure("create a document", e);
    }
  }

  /** Ranges of layers end where the parent's do, so that both can be split over the same nodes. */
  private int layersPerFile(NewDocument wanted) {
    return catalog.entries.get(wanted.origin().parentId()) instanceof Entry.Sealed parent
        ? parent.document().manifest().layersPerFile()
        : catalog.settings.layersPerFile();
  }

  private DocumentSummary resume(UnfinishedBuilds.Waiting waiting, NewDocument wanted) {
    String id = catalog.newId(waiting.checkpoint().origin().parentId(), wanted.replicas());
    catalog.life.begin(id, waiting.checkpoint().origin().tenant(), false);
    catalog.builds.taking(Set.of(waiting.id(), id));
    try {
      BuildingDocument document =
          catalog.builds.resume(waiting, wanted, id, catalog.settings.keys());
      catalog.entries.put(id, new Entry.Building(document));
      catalog.builds.taken(id);
      return document.summary().with(catalog.life.book().of(id));
    } catch (DataLossException e) {
      LOG.warn("{}. It was deleted, and is begun again", e.getMessage());
      DocumentSummary begun = begin(wanted);
      long unused = catalog.builds.drop(Objects.requireNonNull(catalog.builds.get(id)));
      return begun;
    } catch (IOException e) {
      throw DocumentStore.failure("go on with document " + waiting.id(), e);
    } finally {
      catalog.builds.taking(Set.of());
      for (String name : List.of(waiting.id(), id)) {
        if (catalog.builds.get(name) == null && !catalog.entries.containsKey(name)) {
          catalog.life.abandon(name);
        }
      }
    }
  }

  private void requireParent(NewDocument wanted) {
    if (!wanted.origin().hasParent()) {
      return;
    }
    String parent = wanted.origin().parentId();
    if (!(catalog.entry(parent) instanceof Entry.Sealed sealed)) {
      throw new WrongStateException(
          "document %s can not be continued: it is not sealed".formatted(parent));
    }
    if (wanted.origin().parentTokens() > 0) {
      var unused = sealed.document().manifest().boundary(wanted.origin().parentTokens());
    }
    DocumentLayout layout = sealed.document().summary().layout();
    if (!layout.equals(wanted.layout())) {
      throw new InvalidInputException(
          "document %s has another layout than the one that is to continue it: %s, not %s"
              .formatted(parent, layout, wanted.layout()));
    }
  }
}
