package io.ltri.index.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long documents stay, and how much room they take: their facts, their bytes, and the records
 * of those that are gone. Removes what has expired, what was abandoned, and what must make room.
 */
final class LifeCycle implements Accounts.Room {

  private static final Logger LOG = LoggerFactory.getLogger(LifeCycle.class);

  /** A build to which nothing came for so long may make room though nobody has let go of it. */
  private static final long HELD_BUILD_IDLE_MILLIS = 600_000;

  /** What it asks of the store. */
  interface Documents {

    /**
     * Those that are sealed or can not be opened, and that nobody reads or stands on.
     *
     * @return their ids
     */
    List<String> evictable();

    /** Those that are being built and can be deleted, without the ephemeral ones. */
    List<DocumentSummary> builds();

    boolean isSealed(String id);

    /** Whether somebody builds it, as far as the store knows: who died may not have said so. */
    boolean isHeld(String id);

    /**
     * Removes it from the readers' sight and from the disk; who reads it can finish. Of a sealed
     * document it calls {@link LifeCycle#buried} in between.
     *
     * @return false when its files stay, for others stand on it
     */
    boolean remove(String id);

    /** Files and folders that belong to nothing, the inner ones first. */
    List<Path> orphans() throws IOException;
  }

  private final LifeSettings settings;
  private final LongSupplier clock;
  private final Accounts accounts;
  private final MeteredFiles files;
  private final LifeBook book;
  private final DeletionLog log;
  private final Documents documents;
  private final Supplier<Publication> publication;

  /** Documents that went since the start. */
  private final Map<DeletionReason, LongAdder> gone = new ConcurrentHashMap<>();

  /** Deletions that were begun and have not ended. */
  private final Map<String, Going> going = new ConcurrentHashMap<>();

  /** A deletion, from its begin until the last trace of the document has gone. */
  private static final class Going {
    final DeletionReason reason;
    boolean recorded;

    Going(DeletionReason reason) {
      this.reason = reason;
    }
  }

  /**
   * @param folder of the documents
   * @param publication asked for it when it is needed
   * @param usableBytes what the disk has left for this process
   */
  LifeCycle(
      LifeSettings settings,
      FileLayer files,
      Path folder,
      Documents documents,
      Supplier<Publication> publication,
      LongSupplier usableBytes,
      LongSupplier clock) {
    this.settings = settings;
    this.clock = clock;
    this.accounts = new Accounts(settings, usableBytes, clock);
    this.files = new MeteredFiles(files, folder, accounts);
    this.book = new LifeBook(this.files, clock);
    this.log = new DeletionLog(this.files, folder);
    this.documents = documents;
    this.publication = publication;
    accounts.setRoom(this);
  }

  /** Through which everything must be written. */
  MeteredFiles files() {
    return files;
  }

  Accounts accounts() {
    return accounts;
  }

  LifeBook book() {
    return book;
  }

  DeletionLog log() {
    return log;
  }

  // -- documents come
  // --------------------------------------------------------------------------------------------

  /** A document begins to be built, or to be taken in. Before its first byte is written. */
  void begin(String id, String tenant, boolean ephemeral) {
    accounts.open(id, tenant);
    book.begin(id, tenant, ephemeral);
  }

  /** An unfinished build was found at the start. */
  void foundBuild(String id, Checkpoint checkpoint) {
    accounts.open(id, checkpoint.origin().tenant());
    book.foundBuild(id, checkpoint.origin().tenant(), checkpoint.atMillis());
  }

  /** It came to nothing: what is left of its files belongs to nothing. */
  void abandon(String id) {
    book.forget(id);
    accounts.abandon(id);
  }

  void found(String id, Path folder, long sealedAtMillis) throws IOException {
    accounts.open(id, book.found(id, folder, sealedAtMillis).tenant());
  }

  /**
   * @param spans that will be written to the document
   * @throws RefusedWriteException when there is no room for them
   */
  void admit(String id, List<NewSpan> spans) throws RefusedWriteException {
    // The first of their blocks may lie in what is charged already, and so may all their vectors.
    long surely = NewSpan.blockBytes(spans) - Accounts.BLOCK_BYTES;
    if (surely > 0) {
      accounts.require(id, surely, NewSpan.storedBytes(spans));
    }
    book.used(id);
  }

  void change(String id, FactsChange change) throws IOException {
    long growth = book.growth(id, change);
    if (growth > 0) {
      accounts.require(id, growth, growth);
    }
    long now = clock.getAsLong();
    DocumentFacts shared = publication.get().change(id, facts -> facts.changed(change, now));
    if (shared == null) {
      book.change(id, change);
    } else {
      DocumentFacts unused = book.adopt(id, shared);
    }
  }

  // -- documents go
  // ----------------------------------------------------------------------------------------------

  /** Returns the bytes freed; -1 when it stays, for whoever shares it knows better. */
  long delete(String id, DeletionReason reason) {
    if (!publication.get().goes(id, reason)) {
      return -1;
    }
    long freed = remove(id, reason);
    publication.get().gone(id, reason);
    return freed;
  }

  /** As {@link #delete}, from here alone. */
  long remove(String id, DeletionReason reason) {
    long before = accounts.bytesOf(id);
    Going mine = new Going(reason);
    if (going.putIfAbsent(id, mine) != null) {
      throw new DocumentNotFoundException("document %s is being deleted".formatted(id));
    }
    boolean gone = false;
    try {
      book.leave(id);
      gone = documents.remove(id);
      if (!gone) {
        return 0;
      }
      long freed = before - accounts.bytesOf(id);
      if (!mine.recorded && !book.isEphemeral(id)) {
        record(id, freed, reason);
      }
      abandon(id);
      return freed;
    } finally {
      if (!gone) {
        book.stay(id);
      }
      going.remove(id);
    }
  }

  /**
   * A sealed document was moved away and is about to be deleted: that is recorded before the last
   * trace of it goes.
   */
  void buried(String id) {
    Going deletion = going.get(id);
    if (deletion != null) {
      deletion.recorded = true;
    }
    record(id, accounts.bytesOf(id), deletion == null ? DeletionReason.DELETED : deletion.reason);
  }

  /** How many documents went for this reason since the start. */
  long gone(DeletionReason reason) {
    LongAdder count = gone.get(reason);
    return count == null ? 0 : count.sum();
  }

  private void record(String id, long bytes, DeletionReason reason) {
    gone.computeIfAbsent(reason, first -> new LongAdder()).increment();
    if (reason == DeletionReason.UNLOADED) {
      return;
    }
    log.add(new DeletedDocument(id, book.of(id).tenant(), clock.getAsLong(), bytes, reason));
  }

  /**
   * Records the deletions of an earlier run that it could not.
   *
   * @param graves folders of documents that are about to be deleted
   */
  void recordDeletionsLeft(List<Path> graves) throws IOException {
    if (graves.isEmpty()) {
      return;
    }
    Set<String> recorded = new HashSet<>();
    log.newest(0).forEach(deleted -> recorded.add(deleted.id()));
    for (Path grave : graves) {
      String id = grave.getFileName().toString();
      if (!recorded.contains(id)) {
        DocumentFacts facts = FactsFile.read(grave);
        log.add(
            new DeletedDocument(
                id,
                facts == null ? "" : facts.tenant(),
                clock.getAsLong(),
                accounts.bytesOf(id),
                DeletionReason.DELETED));
      }
    }
  }

  /** Evicts documents of the scope that is short of bytes, unless all of them would not do. */
  @Override
  public boolean make(Accounts.Shortage shortage) {
    if (!settings.evict()) {
      return false;
    }
    long now = clock.getAsLong();
    List<Eviction.Candidate> candidates = new ArrayList<>();
    for (String id : documents.evictable()) {
      DocumentFacts facts = book.of(id);
      long idle = now - facts.lastUsedAtMillis();
      boolean inScope = shortage.tenant() == null || shortage.tenant().equals(facts.tenant());
      if (inScope
          && !facts.pinned()
          && idle >= settings.protectMillis()
          && publication.get().eviction(id) != null) {
        candidates.add(new Eviction.Candidate(id, accounts.bytesOf(id), idle, facts.buildMillis()));
      }
    }
    // Readings that were cut off would else fill the store for good, with what they stand on.
    for (DocumentSummary build : documents.builds()) {
      DocumentFacts facts = book.of(build.id());
      long idle = now - facts.lastUsedAtMillis();
      boolean inScope = shortage.tenant() == null || shortage.tenant().equals(facts.tenant());
      long patience = documents.isHeld(build.id()) ? HELD_BUILD_IDLE_MILLIS : 0;
      if (inScope && idle >= Math.max(patience, settings.protectMillis())) {
        candidates.add(new Eviction.Candidate(build.id(), accounts.bytesOf(build.id()), idle, 0));
      }
    }
    // No lock of its own: the caller may hold others that a deletion needs. Two that choose at the
    // same time may choose the same; each then looks again at what is missing.
    boolean any = false;
    for (Eviction.Candidate victim : Eviction.choose(candidates, shortage.missing())) {
      DeletionReason reason =
          documents.isSealed(victim.id())
              ? publication.get().eviction(victim.id())
              : DeletionReason.EVICTED;
      any |= reason != null && deleteIfThere(victim.id(), reason) >= 0;
    }
    return any;
  }

  /** Returns the bytes freed; 0 when somebody else was faster, -1 when it stays. */
  private long deleteIfThere(String id, DeletionReason reason) {
    try {
      long freed = delete(id, reason);
      if (freed < 0) {
        return -1;
      }
      LOG.info("document {} was {}: {} bytes are free again", id, past(reason), freed);
      return freed;
    } catch (DocumentNotFoundException e) {
      return 0;
    } catch (StoreException e) {
      LOG.warn("document {} should be {} and could not: {}", id, past(reason), e.getMessage());
      return -1;
    }
  }

  private static String past(DeletionReason reason) {
    return switch (reason) {
      case DELETED -> "deleted";
      case EXPIRED -> "removed, for its time was over";
      case EVICTED -> "evicted to make room";
      case REPLACED -> "replaced";
      case UNLOADED -> "removed from this node alone to make room";
    };
  }

  /** What is to be done now and then: see {@link DocumentStore#sweep}. */
  Garbage sweep(long buildsOlderThanMillis) {
    int expired = 0;
    int abandoned = 0;
    long freed = 0;
    for (String id : book.expired()) {
      long bytes = deleteIfThere(id, DeletionReason.EXPIRED);
      freed += Math.max(0, bytes);
      expired += bytes >= 0 ? 1 : 0;
    }
    long now = clock.getAsLong();
    for (DocumentSummary build : documents.builds()) {
      if (now - lastTouched(build) >= buildsOlderThanMillis) {
        LOG.info("document {} was begun and not gone on with: it is removed", build.id());
        long bytes = deleteIfThere(build.id(), DeletionReason.DELETED);
        freed += Math.max(0, bytes);
        abandoned += bytes >= 0 ? 1 : 0;
      }
    }
    for (String id : book.ephemeral()) {
      if (now - book.of(id).lastUsedAtMillis() >= settings.buildAgeMillis()) {
        freed += Math.max(0, deleteIfThere(id, DeletionReason.DELETED));
      }
    }
    book.flush();
    log.flush();
    return new Garbage(expired, abandoned, 0, freed);
  }

  private long lastTouched(DocumentSummary build) {
    long touched =
        Math.max(book.of(build.id()).lastUsedAtMillis(), accounts.lastWriteMillis(build.id()));
    return touched == 0 ? build.createdAtMillis() : touched;
  }

  /**
   * Also removes files that belong to nothing.
   *
   * @param buildsOlderThanMillis 0: as configured
   */
  Garbage collect(long buildsOlderThanMillis) throws IOException {
    Garbage swept =
        sweep(buildsOlderThanMillis == 0 ? settings.buildAgeMillis() : buildsOlderThanMillis);
    Garbage orphans = Orphans.remove(files, documents.orphans());
    return new Garbage(
        swept.expiredDocuments(),
        swept.abandonedBuilds(),
        orphans.orphanFiles(),
        swept.freedBytes() + orphans.freedBytes());
  }

  NodeFigures figures(int sealed, int damaged, int builds) {
    return new NodeFigures(
        sealed, accounts.total(), settings.nodeBytes(), accounts.free(), damaged, builds);
  }
}
