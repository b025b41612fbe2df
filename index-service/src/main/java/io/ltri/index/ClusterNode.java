package io.ltri.index;

import io.grpc.netty.NettyChannelBuilder;
import io.ltri.index.blob.BlobException;
import io.ltri.index.blob.BlobStore;
import io.ltri.index.blob.BlobStores;
import io.ltri.index.cluster.GrpcPeers;
import io.ltri.index.cluster.SharedDocuments;
import io.ltri.index.grpc.ClusterCalls;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.StoreException;
import io.ltri.placement.IndexNode;
import io.ltri.placement.Membership;
import io.ltri.placement.PlacementException;
import io.ltri.placement.ShardHost;
import io.ltri.placement.helix.HelixMembership;
import io.ltri.placement.helix.HelixSettings;
import io.ltri.proto.index.v1.Node;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This process as a node of a cluster, from the opening of the blob store to the end. */
final class ClusterNode implements ClusterCalls, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ClusterNode.class);

  /** A node that is told of a document and does not have it by then finds it by itself. */
  private static final Duration TOLD = Duration.ofSeconds(5);

  /** What was published while a shard was loaded, and nobody knew yet that it would be here. */
  private static final long SECOND_LOOK_MILLIS = 3000;

  private final IndexSettings settings;
  private final HelixSettings cluster;
  private final BlobStore blobs;
  private final SharedDocuments documents;
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("reconcile").factory());
  private final CompletableFuture<IndexNode> listening = new CompletableFuture<>();
  private final CompletableFuture<Boolean> ready = new CompletableFuture<>();
  private final FutureTask<Membership> joining = new FutureTask<>(this::joinCluster);
  private @Nullable GrpcPeers peers;
  private volatile @Nullable Membership membership;
  private volatile @Nullable IndexNode self;
  private volatile boolean leaving;

  private ClusterNode(IndexSettings settings, BlobStore blobs, SharedDocuments documents) {
    this.settings = settings;
    this.cluster =
        new HelixSettings(
            settings.zookeeper(),
            settings.cluster(),
            settings.shards(),
            settings.replicas(),
            settings.session());
    this.blobs = blobs;
    this.documents = documents;
  }

  /**
   * Shares the documents of the store from now on.
   *
   * @throws BlobException when the blob store can not be used, saying why
   */
  static ClusterNode open(IndexSettings settings, DocumentStore store) {
    BlobStore blobs;
    try {
      blobs = BlobStores.open(settings.blobs());
    } catch (IllegalArgumentException e) {
      throw unusable(e);
    }
    boolean open = false;
    try {
      BlobStores.requireConditions(blobs);
      ClusterNode node =
          new ClusterNode(
              settings,
              blobs,
              SharedDocuments.of(store, blobs, settings.shards(), settings.splitAbove().toBytes()));
      node.startJoining();
      open = true;
      return node;
    } catch (IllegalArgumentException e) {
      throw unusable(e);
    } finally {
      if (!open) {
        blobs.close();
      }
    }
  }

  private static BlobException unusable(IllegalArgumentException e) {
    return new BlobException(
        BlobException.Reason.NOT_FOUND, Objects.requireNonNullElse(e.getMessage(), "" + e), e);
  }

  /** Reaches ZooKeeper while the rest of the process starts. */
  private void startJoining() {
    Thread unused = Thread.ofPlatform().name("join").start(joining);
  }

  private Membership joinCluster() throws InterruptedException {
    return HelixMembership.join(
        cluster,
        listening,
        new ShardHost() {
          @Override
          public void load(int shard) {
            documents.load(shard);
            later(() -> documents.reconcile(shard), SECOND_LOOK_MILLIS);
          }

          @Override
          public void drop(int shard) {
            documents.drop(shard);
          }
        },
        ready);
  }

  /**
   * Others may know where this node is; it is not given any shards yet.
   *
   * @param port where this process listens
   */
  void listens(int port) {
    boolean unused = listening.complete(NodeNames.self(settings, port));
  }

  /** Joins the cluster: shards come from now on. The node listens, and look-ups can be answered. */
  void join() throws InterruptedException {
    boolean unused = ready.complete(true);
    Membership joined = joined();
    IndexNode node = listening.join();
    if (joined.placement().shards() != settings.shards()) {
      int there = joined.placement().shards();
      joined.close();
      throw new BlobException(
          BlobException.Reason.NOT_FOUND,
          "cluster %s has %d shards, and this node was told of %d: set LTRI_INDEX_SHARDS to %d"
              .formatted(settings.cluster(), there, settings.shards(), there));
    }
    GrpcPeers others =
        new GrpcPeers(
            joined::placement,
            node.name(),
            TOLD,
            target -> settings.peers().apply(NettyChannelBuilder.forTarget(target)).build());
    peers = others;
    documents.tell(others);
    documents.joined(joined);
    self = node;
    membership = joined;
    long period = settings.sweepInterval().toMillis();
    var reconciling =
        watch.scheduleWithFixedDelay(
            () -> quietly(documents::reconcile), 0, period, TimeUnit.MILLISECONDS);
    LOG.info("node {} joined cluster {} as {}", node.name(), settings.cluster(), node.target());
  }

  /**
   * @throws PlacementException when it could not be joined, saying why
   */
  private Membership joined() throws InterruptedException {
    try {
      return joining.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof PlacementException refused) {
        throw refused;
      }
      throw new IllegalStateException("the cluster could not be joined", e);
    }
  }

  private void later(Runnable work, long millis) {
    if (!watch.isShutdown()) {
      var unused = watch.schedule(() -> quietly(work), millis, TimeUnit.MILLISECONDS);
    }
  }

  /** A task that throws would not come again. */
  private static void quietly(Runnable work) {
    try {
      work.run();
    } catch (BlobException | StoreException e) {
      LOG.warn("the documents here could not be compared with the library: {}", e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("the documents here could not be compared with the library", e);
    }
  }

  /** Lets others take over, if there are any. */
  void drain() {
    leaving = true;
    Membership here = membership;
    if (here == null || settings.drain().isZero() || here.placement().nodes().size() < 2) {
      return;
    }
    LOG.info("others take over the shards of this node, for at most {}", settings.drain());
    try {
      if (here.drain(settings.drain())) {
        LOG.info("no shard is left on this node");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.warn("this node ends without giving up its shards before: {}", e.toString());
    }
  }

  /** Why no request should come here. */
  Optional<String> problem() {
    return leaving
        ? Optional.of("the node is being drained")
        : membership == null
            ? Optional.of("the node has not joined its cluster yet")
            : Optional.empty();
  }

  // -- what other nodes ask
  // ---------------------------------------------------------------------------------------

  @Override
  public boolean load(String id) {
    return documents.loadDocument(id);
  }

  @Override
  public boolean drop(String id) {
    return documents.dropDocument(id);
  }

  @Override
  public void describe(Node.Builder node) {
    IndexNode named = self;
    if (named != null) {
      node.setName(named.name()).setZone(named.zone());
    }
    node.addAllShards(documents.shards())
        .setShardCount(documents.shardCount())
        .setUnpublishedDocuments(documents.unpublished());
  }

  @Override
  public void close() {
    leaving = true;
    watch.shutdownNow();
    // Nothing, if it has joined.
    boolean unused = joining.cancel(true);
    Membership here = membership;
    if (here != null) {
      here.close();
    }
    if (peers != null) {
      peers.close();
    }
    blobs.close();
  }
}
