package io.ltri.index.cluster;

import io.ltri.index.blob.BlobException;
import io.ltri.index.blob.ListedBlob;
import io.ltri.index.store.DataLossException;
import io.ltri.index.store.DeletionReason;
import io.ltri.index.store.DocumentCopies;
import io.ltri.index.store.DocumentFacts;
import io.ltri.index.store.StoreException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Compares what lies here with the library, and makes up for what was missed. */
final class Reconciler {

  private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);

  private final SharedDocuments shared;
  private final DocumentCopies copies;
  private final Library library;
  private final Publisher publisher;
  private final ReplicationFactors factors;
  private final LongSupplier clock;

  /** Facts that were taken over. */
  private record Seen(String version, long expiresAtMillis) {}

  private final Map<String, Seen> factsSeen = new ConcurrentHashMap<>();

  /** When those documents were deleted whose tombstones were read. */
  private final Map<String, Long> deletedAt = new ConcurrentHashMap<>();

  Reconciler(
      SharedDocuments shared,
      DocumentCopies copies,
      Library library,
      Publisher publisher,
      ReplicationFactors factors,
      LongSupplier clock) {
    this.shared = shared;
    this.copies = copies;
    this.library = library;
    this.publisher = publisher;
    this.factors = factors;
    this.clock = clock;
  }

  /** All shards that are loaded, and those of which something lies here. */
  void run() {
    try {
      library.requireSame();
      factors.serveAll();
    } catch (BlobException e) {
      LOG.warn("the documents here are not compared with the library: {}", e.getMessage());
      return;
    }
    publishTheRest();
    Set<Integer> shards = new TreeSet<>(shared.allGiven());
    here().forEach(id -> shards.add(library.keys().shard(id)));
    for (int shard : shards) {
      if (!shared.isGiven(shard) || shared.isLoaded(shard)) {
        try {
          shard(shard, false);
        } catch (BlobException | StoreException e) {
          LOG.warn("shard {} could not be compared with the library: {}", shard, e.getMessage());
        }
      }
    }
    shared.trim();
    factsSeen.keySet().retainAll(here());
    publisher.retain(here());
  }

  private Set<String> here() {
    Set<String> ids = new HashSet<>(copies.sealed());
    ids.addAll(copies.unreadable());
    return ids;
  }

  /** What could not be published when it was sealed, or was sealed before there was a cluster. */
  private void publishTheRest() {
    for (String id : copies.sealed()) {
      if (!publisher.isPublished(id)) {
        try {
          if (shared.publish(id)) {
            LOG.info("document {} is published", id);
          }
        } catch (BlobException | StoreException e) {
          LOG.warn("document {} is not published yet: {}", id, e.getMessage());
        }
      }
    }
  }

  /**
   * One shard: what was deleted goes, what is missing comes if the shard is this node's.
   *
   * @param loading it is about to be served: then everything must have come
   * @throws BlobException when the blob store does not answer
   */
  void shard(int shard, boolean loading) {
    if (loading) {
      library.requireSame();
    }
    ShardListing listing = ShardListing.of(library.blobs(), shard);
    for (String id : listing.deleted()) {
      deleted(id, listing);
    }
    for (String id : here()) {
      if (library.keys().shard(id) == shard && publisher.isPublished(id)) {
        stillThere(id, listing);
      }
    }
    if (!shared.isGiven(shard)) {
      return;
    }
    for (String id : listing.documents().keySet()) {
      if (listing.isPublished(id) && !listing.deleted().contains(id)) {
        missing(id, loading);
      }
    }
    for (String id : listing.parts()) {
      missing(id, loading);
    }
  }

  private void deleted(String id, ShardListing listing) {
    if (copies.isSealed(id) && shared.removeDeleted(id)) {
      LOG.info("document {} was deleted while this node did not hear of it", id);
    }
    long now = clock.getAsLong();
    if (listing.documents().containsKey(id)) {
      if (library.isDeleted(id)) {
        boolean unused = publisher.takeAway(id, now);
      }
    } else if (now - deletedAt(id) > SharedDocuments.MEMORY_MILLIS) {
      library.blobs().delete(library.keys().tombstone(id));
      deletedAt.remove(id);
    }
  }

  private long deletedAt(String id) {
    Long known = deletedAt.get(id);
    if (known == null) {
      Tombstone tombstone = library.tombstone(id);
      known = tombstone == null ? clock.getAsLong() : tombstone.atMillis();
      deletedAt.put(id, known);
    }
    return known;
  }

  /** A document that is here and was in the library. */
  private void stillThere(String id, ShardListing listing) {
    for (String ancestor : copies.ancestors(id)) {
      if (!listing.isPublished(ancestor) && copies.has(ancestor)) {
        publisher.putBack(ancestor, clock.getAsLong());
      }
    }
    if (!listing.isPublished(id) && library.manifest(id) == null) {
      Tombstone tombstone = library.tombstone(id);
      LOG.info("document {} is not in the library any more: it goes from this node", id);
      boolean unused =
          copies.remove(id, tombstone == null ? DeletionReason.DELETED : tombstone.reason());
      return;
    }
    ListedBlob facts = listing.file(id, ShardKeys.FACTS);
    if (facts != null && !copies.unreadable().contains(id)) {
      agree(id, facts.version());
    }
  }

  /** Takes over what others said of it, and tells them when uses here put off its end. */
  private void agree(String id, String version) {
    Seen seen = factsSeen.get(id);
    if (seen == null || !seen.version().equals(version)) {
      DocumentFacts said = library.facts(id);
      if (said == null) {
        return;
      }
      DocumentFacts unused = copies.adopt(id, said);
      seen = new Seen(version, said.expiresAtMillis());
      factsSeen.put(id, seen);
    }
    DocumentFacts known = copies.facts(id);
    if (known.extendByMillis() > 0 && known.expiresAtMillis() > seen.expiresAtMillis()) {
      DocumentFacts unused =
          shared.changeFacts(id, facts -> facts.putOff(known.lastUsedAtMillis()));
    }
  }

  private void missing(String id, boolean loading) {
    if (copies.unreadable().contains(id)) {
      // What lies here is of no use; the library may have it whole.
      boolean unused = copies.remove(id, DeletionReason.UNLOADED);
    }
    if (copies.has(id) && !copies.isSplit(id)) {
      return;
    }
    try {
      if (shared.bring(id) && !loading) {
        LOG.info("document {} was missing on this node and is here now", id);
      }
    } catch (DataLossException e) {
      // The others of the shard are no worse for it.
      LOG.error("{}", e.getMessage());
    }
  }
}
