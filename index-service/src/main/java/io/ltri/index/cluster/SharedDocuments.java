package io.ltri.index.cluster;

import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import io.ltri.index.blob.Blob;
import io.ltri.index.blob.BlobException;
import io.ltri.index.blob.BlobStore;
import io.ltri.index.store.DeletionReason;
import io.ltri.index.store.DocumentCopies;
import io.ltri.index.store.DocumentFacts;
import io.ltri.index.store.DocumentNotFoundException;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.FactsFile;
import io.ltri.index.store.Publication;
import io.ltri.index.store.UnavailableException;
import io.ltri.placement.Membership;
import io.ltri.placement.ShardHost;
import io.ltri.placement.Shards;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The documents of a store that shares them with the stores of other nodes by a blob store. Any
 * thread; what concerns one group of documents takes turns.
 *
 * <p>Local files are copies: of the shards that this node was given, all documents are brought
 * here, and stay. Of other shards they may be left from before, nobody is sent here for them, and
 * they are what the store removes when it needs room; nothing else of what is published is evicted.
 */
public final class SharedDocuments implements Publication, ShardHost {

  /**
   * A node that was away for longer may not bring back what was deleted meanwhile: tombstones go.
   */
  static final long MEMORY_MILLIS = TimeUnit.DAYS.toMillis(30);

  private static final Logger LOG = LoggerFactory.getLogger(SharedDocuments.class);

  private static final int ATTEMPTS = 5;
  private static final long FIRST_PAUSE_MILLIS = 100;
  private static final int CHANGES = 50;
  private static final int TURNS = 256;

  /**
   * So long the node that has made a document keeps the parts that are not its own: meanwhile the
   * others get theirs.
   */
  private static final long KEPT_WHOLE_MILLIS = TimeUnit.MINUTES.toMillis(10);

  private final DocumentCopies copies;
  private final Library library;
  private final BlobStore blobs;
  private final ShardKeys keys;
  private final Publisher publisher;
  private final Split split;
  private final ReplicationFactors factors;
  private final Reconciler reconciler;
  private final Retry retry;
  private final LongSupplier clock;
  private final ReentrantLock[] turns = new ReentrantLock[TURNS];
  private volatile Peers peers = Peers.NONE;

  /** What the placement gave to this node, loaded or about to be. */
  private final Set<Integer> given = ConcurrentHashMap.newKeySet();

  private final Set<Integer> loaded = ConcurrentHashMap.newKeySet();

  /** Split documents with more parts here than are this node's: since when that is known. */
  private final Map<String, Long> largerSince = new ConcurrentHashMap<>();

  private SharedDocuments(
      DocumentStore store, Library library, long firstPauseMillis, LongSupplier clock) {
    this.copies = store.copies();
    this.library = library;
    this.blobs = library.blobs();
    this.keys = library.keys();
    this.factors =
        new ReplicationFactors(
            library,
            replicas ->
                loaded.stream().anyMatch(shard -> shard / library.keys().shards() == replicas));
    this.publisher = new Publisher(copies, library, factors);
    this.split = new Split(copies, library);
    this.reconciler = new Reconciler(this, copies, library, publisher, factors, clock);
    this.clock = clock;
    this.retry =
        Retry.of(
            "blob store",
            RetryConfig.custom()
                .maxAttempts(ATTEMPTS)
                .intervalFunction(
                    IntervalFunction.ofExponentialRandomBackoff(firstPauseMillis, 2.0, 0.5))
                .retryOnException(SharedDocuments::mayPass)
                .build());
    for (int i = 0; i < TURNS; i++) {
      turns[i] = new ReentrantLock();
    }
  }

  /**
   * Shares the documents of a store from now on.
   *
   * @param shards how many there are; all nodes have the same number
   * @param splitBytes of a new library: documents as large as this are split by ranges of layers;
   *     0: none
   * @throws BlobException when the blob store can not be reached
   */
  public static SharedDocuments of(
      DocumentStore store, BlobStore blobs, int shards, long splitBytes) {
    return of(store, blobs, shards, splitBytes, FIRST_PAUSE_MILLIS, System::currentTimeMillis);
  }

  static SharedDocuments of(
      DocumentStore store,
      BlobStore blobs,
      int shards,
      long splitBytes,
      long firstPauseMillis,
      LongSupplier clock) {
    SharedDocuments shared =
        new SharedDocuments(
            store, Library.open(blobs, shards, splitBytes), firstPauseMillis, clock);
    store.share(shared);
    return shared;
  }

  /** Who is told of what is published and deleted here. */
  public void tell(Peers others) {
    peers = others;
  }

  /** This node has a place in a cluster from now on. */
  public void joined(Membership membership) {
    factors.joined(membership);
  }

  private static boolean mayPass(Throwable problem) {
    return problem instanceof BlobException failed
        && failed.reason() == BlobException.Reason.UNAVAILABLE;
  }

  /**
   * Tries for a few seconds.
   *
   * @param what for the message
   */
  private <T> T patiently(String what, Supplier<T> work) {
    try {
      return retry.executeSupplier(work);
    } catch (BlobException e) {
      throw new UnavailableException(what + ": " + e.getMessage(), e);
    }
  }

  // -- what the store asks
  // ---------------------------------------------------------------------------------------

  @Override
  public boolean takes(String id) {
    return loaded.contains(keys.shard(id));
  }

  @Override
  public void begins(int replicas) {
    factors.begins(replicas);
  }

  @Override
  public void sealed(String id) {
    patiently(
        "document %s is sealed on this node and could not be published; that is tried again each minute"
            .formatted(id),
        () -> publish(id));
    factors.awaitServed(id);
    peers.published(id, split.shards(id));
  }

  /** As {@link Publisher#publish}; one that was deleted meanwhile goes from here, too. */
  boolean publish(String id) {
    return inTurn(
        id,
        () -> {
          boolean there = publisher.publish(id, clock.getAsLong());
          if (!there) {
            removeDeleted(id);
          }
          return there;
        });
  }

  @Override
  public boolean goes(String id, DeletionReason reason) {
    if (reason == DeletionReason.UNLOADED || !copies.isSealed(id)) {
      return true;
    }
    return patiently(
        "document %s could not be deleted".formatted(id),
        () -> {
          if (reason == DeletionReason.EXPIRED && isStillWanted(id)) {
            return false;
          }
          library.bury(id, reason, clock.getAsLong());
          return true;
        });
  }

  /** Its end may have been put off on another node. */
  private boolean isStillWanted(String id) {
    DocumentFacts shared = library.facts(id);
    return shared != null && !copies.adopt(id, shared).isExpired(clock.getAsLong());
  }

  @Override
  public void gone(String id, DeletionReason reason) {
    if (reason == DeletionReason.UNLOADED || !isBuried(id)) {
      return;
    }
    peers.deleted(id, shardsOrHome(id));
    try {
      boolean unused = publisher.takeAway(id, clock.getAsLong());
    } catch (BlobException e) {
      LOG.warn(
          "document {} is deleted; its files are removed from the blob store later: {}",
          id,
          e.getMessage());
    }
  }

  /**
   * A store that does not answer must not keep those from hearing of it who have the most of it.
   */
  private Set<Integer> shardsOrHome(String id) {
    try {
      return split.shards(id);
    } catch (BlobException e) {
      return Set.of(keys.shard(id));
    }
  }

  private boolean isBuried(String id) {
    try {
      return library.isDeleted(id);
    } catch (BlobException e) {
      return false;
    }
  }

  @Override
  public @Nullable DocumentFacts change(String id, UnaryOperator<DocumentFacts> change) {
    if (!copies.isSealed(id)) {
      return null;
    }
    return patiently(
        "document %s could not be updated".formatted(id),
        () -> {
          if (library.isDeleted(id)) {
            throw new DocumentNotFoundException("document %s was deleted".formatted(id));
          }
          return changeFacts(id, change);
        });
  }

  /** By compare-and-set, so that no change of another node is lost. */
  DocumentFacts changeFacts(String id, UnaryOperator<DocumentFacts> change) {
    String key = keys.facts(id);
    for (int i = 0; i < CHANGES; i++) {
      Blob there = blobs.read(key);
      DocumentFacts shared = there == null ? null : FactsFile.fromJson(there.bytes());
      DocumentFacts wanted = change.apply(shared == null ? copies.facts(id) : shared);
      byte[] bytes = FactsFile.toJson(wanted);
      if (there == null
          ? blobs.putIfAbsent(key, bytes)
          : blobs.replace(key, bytes, there.version())) {
        return wanted;
      }
    }
    throw new BlobException(
        BlobException.Reason.UNAVAILABLE,
        "%s of %s is changed by others all the time".formatted(key, blobs.place()));
  }

  @Override
  public @Nullable DeletionReason eviction(String id) {
    boolean mayGo =
        publisher.isPublished(id)
            && !given.contains(keys.shard(id))
            && !(copies.isSplit(id) && isWantedInParts(id));
    return mayGo ? DeletionReason.UNLOADED : null;
  }

  // -- what the placement asks
  // ------------------------------------------------------------------------------------

  private boolean isWantedInParts(String id) {
    return !split.parts(copies.copy(id), given::contains).isEmpty();
  }

  @Override
  public void load(int shard) {
    given.add(shard);
    reconciler.shard(shard, true);
    loaded.add(shard);
  }

  @Override
  public void drop(int shard) {
    given.remove(shard);
    loaded.remove(shard);
  }

  /** In order. */
  public List<Integer> shards() {
    return List.copyOf(new TreeSet<>(loaded));
  }

  public int shardCount() {
    return keys.shards();
  }

  boolean isGiven(int shard) {
    return given.contains(shard);
  }

  boolean isLoaded(int shard) {
    return loaded.contains(shard);
  }

  Set<Integer> allGiven() {
    return Set.copyOf(given);
  }

  // -- what other nodes ask
  // ---------------------------------------------------------------------------------------

  /**
   * A document was published: it is brought here if it belongs here.
   *
   * @return whether it was
   */
  public boolean loadDocument(String id) {
    return patiently("document %s could not be loaded".formatted(id), () -> bring(id));
  }

  /**
   * A document was deleted: it goes from here, if that is so.
   *
   * @return whether it did
   */
  public boolean dropDocument(String id) {
    return patiently("document %s could not be dropped".formatted(id), () -> removeDeleted(id));
  }

  boolean removeDeleted(String id) {
    Tombstone tombstone = library.tombstone(id);
    return tombstone != null && copies.remove(id, tombstone.reason());
  }

  /** What belongs here of a document and is not here yet. */
  boolean bring(String id) {
    return inTurn(
        id,
        () -> {
          if (copies.has(id) && !copies.isSplit(id)) {
            return false;
          }
          boolean belongs =
              given.contains(keys.shard(id)) || split.shards(id).stream().anyMatch(given::contains);
          return belongs && new Arrival(copies, library, given::contains).bring(id);
        });
  }

  /** Lets go of parts that are not this node's, once others have had time to get them. */
  void trim() {
    Set<String> larger = new HashSet<>();
    for (String id : copies.sealed()) {
      if (copies.isSplit(id) && publisher.isPublished(id)) {
        Set<Integer> wanted = split.parts(copies.copy(id), given::contains);
        if (!wanted.isEmpty() && !wanted.containsAll(copies.ranges(id))) {
          larger.add(id);
        }
      }
    }
    largerSince.keySet().retainAll(larger);
    long now = clock.getAsLong();
    for (String id : larger) {
      if (now - largerSince.computeIfAbsent(id, first -> now) >= KEPT_WHOLE_MILLIS) {
        boolean unused =
            inTurn(
                id,
                () -> {
                  copies.keepOnly(id, split.parts(copies.copy(id), given::contains));
                  return true;
                });
      }
    }
  }

  // -- now and then
  // -----------------------------------------------------------------------------------------------

  /** To be called each minute or so: finds out what this node has missed, and does it. */
  public void reconcile() {
    reconciler.run();
  }

  /** As {@link #reconcile}, of one shard: soon after it was loaded. */
  public void reconcile(int shard) {
    if (given.contains(shard)) {
      reconciler.shard(shard, false);
    }
  }

  /** Documents that would be lost with this node. */
  public int unpublished() {
    int count = 0;
    for (String id : copies.sealed()) {
      count += publisher.isPublished(id) ? 0 : 1;
    }
    return count;
  }

  private <T> T inTurn(String id, Supplier<T> work) {
    ReentrantLock turn = turns[Math.floorMod(Shards.group(id).hashCode(), TURNS)];
    turn.lock();
    try {
      return work.get();
    } finally {
      turn.unlock();
    }
  }
}
