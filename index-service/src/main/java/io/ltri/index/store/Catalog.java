package io.ltri.index.store;

import io.ltri.placement.Shards;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which documents there are: sealed, being built, damaged, waiting to be gone on with, hidden
 * because others stand on them; and what all parts of the store share. Any thread; who gives a
 * document a parent or takes one away holds {@link Lineage#turn}.
 */
final class Catalog {

  static final String BUILDING = ".building";
  static final String DELETING = ".deleting";
  static final String HIDDEN = ".hidden";
  static final String IMPORTING = ".importing";

  private static final char[] ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789".toCharArray();
  private static final int ID_LENGTH = 16;
  private static final int ID_ATTEMPTS = 10_000;

  final StoreSettings settings;
  final Path documents;
  final FileLayer files;
  final LifeCycle life;
  final OpenDocuments opened;
  final UnfinishedBuilds builds;
  final Lineage lineage;
  final Map<String, Entry> entries = new ConcurrentHashMap<>();

  volatile Publication publication = Publication.NONE;

  private final SecureRandom random = new SecureRandom();

  Catalog(StoreSettings settings, FileLayer disk, LongSupplier usableBytes, LongSupplier clock) {
    this.settings = settings;
    this.opened = new OpenDocuments(settings.openDocuments());
    this.documents = settings.dataFolder().resolve("documents");
    this.life =
        new LifeCycle(
            settings.life(),
            disk,
            documents,
            new Removal(this),
            () -> publication,
            usableBytes,
            clock);
    this.files = life.files();
    this.builds = new UnfinishedBuilds(files, documents.resolve(BUILDING));
    this.lineage = new Lineage(files, documents.resolve(HIDDEN));
  }

  /**
   * A new id. Of a document that continues another, in the same group: what is searched together
   * lies together.
   *
   * @param parentId empty: it continues none
   * @param replicas that one without a parent asks for; 0: none in particular
   */
  String newId(String parentId, int replicas) {
    if (!parentId.isEmpty()) {
      return randomLetters(Shards.group(parentId));
    }
    String factor = Shards.factor(replicas);
    String id = randomLetters(factor);
    // A node that serves nothing yet finds none: then others serve what it makes.
    for (int i = 0; i < ID_ATTEMPTS && !publication.takes(id); i++) {
      id = randomLetters(factor);
    }
    return id;
  }

  private String randomLetters(String start) {
    StringBuilder id = new StringBuilder(start);
    while (id.length() < ID_LENGTH) {
      id.append(ID_LETTERS[random.nextInt(ID_LETTERS.length)]);
    }
    return id.toString();
  }

  /** What can not be deleted now is an orphan, and goes with the next collection of garbage. */
  void deleteQuietly(Path path) {
    FolderTree.deleteQuietly(files, path);
  }

  Entry entry(String id) {
    Entry entry = entries.get(id);
    if (entry == null) {
      throw notFound(id);
    }
    return entry;
  }

  StoreException notFound(String id) {
    WrongStateException unfinished = builds.explain(id);
    return unfinished != null
        ? unfinished
        : new DocumentNotFoundException(
            "there is no document %s: it was deleted, or never sealed before a restart"
                .formatted(id));
  }

  /**
   * @param what is to be done with it, for the message
   * @throws WrongStateException when it is sealed
   */
  BuildingDocument building(String id, String what) {
    return switch (entry(id)) {
      case Entry.Building building -> building.document();
      case Entry.Sealed sealed ->
          throw new WrongStateException(
              "can not %s document %s: it is sealed and never changes again".formatted(what, id));
      case Entry.Damaged damaged -> throw damaged.problem();
    };
  }

  /**
   * @param what is to be done with it, for the message
   * @throws WrongStateException when it is being built
   */
  SealedDocument sealed(String id, String what) {
    return switch (entry(id)) {
      case Entry.Building building ->
          throw new WrongStateException(
              "can not %s document %s: it is being built".formatted(what, id));
      case Entry.Sealed sealed -> sealed.document();
      case Entry.Damaged damaged -> throw damaged.problem();
    };
  }

  DocumentSummary summary(String id) {
    UnfinishedBuilds.Waiting waiting = builds.get(id);
    if (waiting != null) {
      return waiting.summary();
    }
    life.book().requireAlive(id);
    return summary(entry(id)).with(life.book().of(id));
  }

  private static DocumentSummary summary(Entry entry) {
    return switch (entry) {
      case Entry.Building building -> building.document().summary();
      case Entry.Sealed sealed -> sealed.document().summary();
      case Entry.Damaged damaged -> throw damaged.problem();
    };
  }

  /** Sealed documents, newest first; ephemeral and damaged ones never. */
  List<DocumentSummary> list(boolean includeBuilding) {
    Stream<DocumentSummary> waiting =
        includeBuilding
            ? builds.all().stream()
                .filter(build -> !entries.containsKey(build.id()))
                .map(UnfinishedBuilds.Waiting::summary)
            : Stream.empty();
    Stream<DocumentSummary> held =
        entries.values().stream()
            .filter(
                entry ->
                    switch (entry) {
                      case Entry.Building building ->
                          includeBuilding && !building.document().ephemeral();
                      case Entry.Sealed sealed -> true;
                      case Entry.Damaged damaged -> false;
                    })
            .map(Catalog::summary);
    return Stream.concat(held, waiting)
        .filter(summary -> !life.book().isExpired(summary.id()))
        .map(summary -> summary.with(life.book().of(summary.id())))
        .sorted(
            Comparator.comparingLong(DocumentSummary::createdAtMillis)
                .reversed()
                .thenComparing(DocumentSummary::id))
        .toList();
  }

  /**
   * The documents that this one stands on, the oldest first; to be searched together with it. Some
   * of them may be hidden: {@link DocumentStore#open} gives them, {@link #summary} does not.
   */
  List<String> ancestors(String id) {
    return below(id).stream().map(DocumentPart::id).toList();
  }

  /** The same, each with how much of it the one after it stands on. */
  List<DocumentPart> below(String id) {
    LinkedList<DocumentPart> chain = new LinkedList<>();
    Set<String> seen = new HashSet<>();
    for (Origin origin = origin(id);
        origin.hasParent() && seen.add(origin.parentId());
        origin = origin(origin.parentId())) {
      chain.addFirst(origin.parent());
    }
    return List.copyOf(chain);
  }

  /** What it continues, and whose it is; of a document that is not there, nothing. */
  Origin origin(String id) {
    SealedDocument gone = lineage.get(id);
    UnfinishedBuilds.Waiting waiting = builds.get(id);
    return switch (entries.get(id)) {
      case Entry.Building building -> building.document().origin();
      case Entry.Sealed sealed -> sealed.document().summary().origin();
      case Entry.Damaged damaged -> Origin.NONE;
      case null ->
          gone != null
              ? gone.summary().origin()
              : waiting != null ? waiting.checkpoint().origin() : Origin.NONE;
    };
  }

  /** Whether others continue it, or are about to. */
  boolean isStoodOn(String id) {
    return parents().contains(id);
  }

  /** All documents that others stand on. */
  Set<String> parents() {
    return Stream.concat(
            Stream.concat(entries.keySet().stream(), lineage.all().keySet().stream()),
            builds.all().stream().map(UnfinishedBuilds.Waiting::id))
        .map(other -> origin(other).parentId())
        .collect(Collectors.toCollection(lineage::promised));
  }

  /** Whether it was deleted, but others stand on it. */
  boolean isHidden(String id) {
    return lineage.get(id) != null;
  }
}
