package io.ltri.index.cluster;

import io.ltri.index.blob.ListedBlob;
import io.ltri.index.store.UnavailableException;
import io.ltri.index.store.WrongStateException;
import io.ltri.placement.Membership;
import io.ltri.placement.PlacementException;
import io.ltri.placement.Shards;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that shards of the replication factors that documents ask for are served. Which there
 * are is written down in the library; the placement follows it. Any thread.
 */
final class ReplicationFactors {

  private static final Logger LOG = LoggerFactory.getLogger(ReplicationFactors.class);
  private static final long SERVED_MILLIS = 10_000;
  private static final long POLL_MILLIS = 50;

  /** A first document of a factor waits so long for shards here, or others serve it. */
  private static final long FIRST_MILLIS = 3_000;

  private final Library library;
  private final IntPredicate servedHere;
  private volatile @Nullable Membership membership;

  /**
   * @param servedHere whether this node serves a shard of so many replicas
   */
  ReplicationFactors(Library library, IntPredicate servedHere) {
    this.library = library;
    this.servedHere = servedHere;
  }

  void joined(Membership here) {
    membership = here;
  }

  /**
   * Before anything is written of a document that asks for so many replicas.
   *
   * @throws WrongStateException when the cluster can not have so many now
   * @throws UnavailableException when the coordination service does not answer
   */
  void begins(int replicas) {
    Membership here = membership;
    if (here == null) {
      return;
    }
    int most = here.placement().mostReplicas();
    if (replicas > most) {
      throw new WrongStateException(
          "%d replicas are asked for, and the cluster can have %d at present, one in each zone that has an index node: ask for fewer, or add nodes"
              .formatted(replicas, most));
    }
    try {
      here.replicate(replicas);
      await(FIRST_MILLIS, () -> servedHere.test(replicas));
    } catch (PlacementException e) {
      throw new UnavailableException(
          "shards of %d replicas can not be served yet: %s".formatted(replicas, e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnavailableException("interrupted", e);
    }
  }

  /** Before the manifest of a document is put into the library. */
  void note(String id) {
    int replicas = Shards.replicas(id);
    if (replicas > 0) {
      boolean unused = library.blobs().putIfAbsent(ShardKeys.factor(replicas), new byte[0]);
    }
  }

  /** Waits, but not for long, until somebody serves the shard of a document that was published. */
  void awaitServed(String id) {
    Membership here = membership;
    int replicas = Shards.replicas(id);
    if (here == null || replicas == 0) {
      return;
    }
    try {
      serve(here, replicas);
      await(SERVED_MILLIS, () -> !here.placement().serving(id).isEmpty());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Lets all be served that the library has documents of: the placement may be younger than it.
   *
   * @throws io.ltri.index.blob.BlobException when the blob store does not answer
   */
  void serveAll() {
    Membership here = membership;
    if (here == null) {
      return;
    }
    for (ListedBlob blob : library.blobs().list(ShardKeys.FACTORS)) {
      try {
        serve(here, Integer.parseInt(blob.key().substring(ShardKeys.FACTORS.length())));
      } catch (NumberFormatException e) {
        LOG.warn("{} names no replication factor", blob.key());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private static void await(long millis, BooleanSupplier done) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (!done.getAsBoolean() && System.nanoTime() < end) {
      Thread.sleep(POLL_MILLIS);
    }
  }

  private static void serve(Membership here, int replicas) throws InterruptedException {
    try {
      here.replicate(replicas);
    } catch (PlacementException | IllegalArgumentException e) {
      LOG.warn(
          "documents of {} replicas are not served by as many yet: {}", replicas, e.getMessage());
    }
  }
}
