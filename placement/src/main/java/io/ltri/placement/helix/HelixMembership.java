package io.ltri.placement.helix;

import io.ltri.placement.IndexNode;
import io.ltri.placement.Membership;
import io.ltri.placement.Placement;
import io.ltri.placement.PlacementException;
import io.ltri.placement.ShardHost;
import io.ltri.placement.Shards;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.helix.HelixManager;
import org.apache.helix.InstanceType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's place in a cluster. Each node also stands by as controller; one of them is elected, so
 * no process of its own has to be run for that.
 */
public final class HelixMembership implements Membership {

  private static final Logger LOG = LoggerFactory.getLogger(HelixMembership.class);
  private static final int CONNECTIONS = 3;
  private static final Duration LEAVING = Duration.ofSeconds(10);
  private static final Duration POLL = Duration.ofMillis(100);

  private final HelixSettings settings;
  private final IndexNode self;
  private final HelixCluster cluster;
  private final ShardModels models;
  private final HelixManager controller;
  private final HelixManager participant;
  private final HelixPlacement placement;

  private HelixMembership(
      HelixSettings settings, Future<IndexNode> listening, ShardHost host, Future<?> ready)
      throws Exception {
    this.settings = settings;
    this.cluster = new HelixCluster(settings);
    this.models = new ShardModels(host);
    boolean joined = false;
    HelixManager leads = null;
    HelixManager takesPart = null;
    Future<HelixPlacement> watches = null;
    // No virtual threads: what Helix starts in one would be a daemon.
    try (ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS)) {
      cluster.ensure();
      IndexNode node = listening.get();
      self = node;
      cluster.register(node);
      HelixCluster.Size size = cluster.awaitSize(Duration.ZERO);
      HelixManager controls = cluster.manager("controller-" + node.name(), InstanceType.CONTROLLER);
      leads = controls;
      HelixManager serves = cluster.manager(node.name(), InstanceType.PARTICIPANT);
      takesPart = serves;
      serves.getStateMachineEngine().registerStateModelFactory(HelixCluster.STATE_MODEL, models);
      Future<HelixPlacement> watching =
          threads.submit(() -> new HelixPlacement(cluster, "watch-" + node.name(), size));
      watches = watching;
      placement =
          all(
              threads,
              watching,
              threads.submit(() -> connect(controls)),
              threads.submit(
                  () -> {
                    Object unused = ready.get();
                    return connect(serves);
                  }));
      joined = true;
    } finally {
      if (!joined) {
        models.close();
        if (watches != null && watches.state() == Future.State.SUCCESS) {
          watches.resultNow().close();
        }
        if (takesPart != null) {
          takesPart.disconnect();
        }
        if (leads != null) {
          leads.disconnect();
        }
        cluster.close();
      }
    }
    controller = leads;
    participant = takesPart;
  }

  /**
   * @return what the first gives, when all are done
   */
  private static <T> T all(ExecutorService threads, Future<T> first, Future<?>... others)
      throws InterruptedException, ExecutionException {
    boolean done = false;
    try {
      T given = first.get();
      for (Future<?> other : others) {
        Object unused = other.get();
      }
      done = true;
      return given;
    } finally {
      if (!done) {
        // One may wait for what does not come any more.
        List<Runnable> unused = threads.shutdownNow();
      }
    }
  }

  private static HelixManager connect(HelixManager manager) throws Exception {
    manager.connect();
    return manager;
  }

  /**
   * Joins a cluster, which is made if there is none. Shards come to the host from now on.
   *
   * @throws PlacementException when ZooKeeper does not answer, or a node of this name is there
   */
  public static HelixMembership join(HelixSettings settings, IndexNode self, ShardHost host)
      throws InterruptedException {
    return join(
        settings,
        CompletableFuture.completedFuture(self),
        host,
        CompletableFuture.completedFuture(self));
  }

  /**
   * The same while the node starts: what can be done before it listens, or before it is ready to
   * serve, is.
   *
   * @param listening when it does
   * @param ready when shards may come
   */
  public static HelixMembership join(
      HelixSettings settings, Future<IndexNode> listening, ShardHost host, Future<?> ready)
      throws InterruptedException {
    try {
      return new HelixMembership(settings, listening, host, ready);
    } catch (InterruptedException | PlacementException e) {
      throw e;
    } catch (ExecutionException e) {
      Throwable why = Objects.requireNonNull(e.getCause());
      throw why instanceof PlacementException known ? known : notJoined(settings, why);
    } catch (Exception e) {
      throw notJoined(settings, e);
    }
  }

  private static PlacementException notJoined(HelixSettings settings, Throwable why) {
    return new PlacementException(
        "this node can not join cluster %s in ZooKeeper at %s: %s"
            .formatted(settings.cluster(), settings.zookeeper(), why.getMessage()),
        why);
  }

  @Override
  public Placement placement() {
    return placement;
  }

  @Override
  public void replicate(int replicas) throws InterruptedException {
    Shards.requireFactor(replicas);
    if (placement.knows(replicas)) {
      return;
    }
    try {
      cluster.replicate(replicas);
    } catch (PlacementException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new PlacementException(
          "shards of %d replicas can not be made: ZooKeeper at %s does not answer"
              .formatted(replicas, settings.zookeeper()),
          e);
    }
  }

  /** Helix waits for a ZooKeeper that has gone for a day, this no longer than was said. */
  @Override
  public boolean drain(Duration patience) throws InterruptedException {
    FutureTask<Boolean> draining = new FutureTask<>(() -> drainWithin(patience));
    Thread unused = Thread.ofPlatform().daemon().name("drain").start(draining);
    try {
      return draining.get(patience.plus(POLL).toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      boolean unusedToo = draining.cancel(true);
      LOG.warn(
          "ZooKeeper did not answer within {} when node {} was drained", patience, self.name());
      return false;
    } catch (ExecutionException e) {
      throw new PlacementException(
          "node %s could not be drained: %s".formatted(self.name(), e.getCause()), e);
    }
  }

  private boolean drainWithin(Duration patience) throws InterruptedException {
    Map<Integer, Integer> wanted = replicasWithoutThis();
    cluster.evacuate(self.name());
    long end = System.nanoTime() + patience.toNanos();
    // Helix keeps one replica of each shard; this node may be done before others have the second.
    while (!cluster.isEvacuated(self.name()) || !othersServe(wanted)) {
      if (System.nanoTime() > end) {
        LOG.warn("after {} others do not serve all shards of node {} yet", patience, self.name());
        return false;
      }
      Thread.sleep(POLL);
    }
    return true;
  }

  /**
   * Per shard, how many replicas others can have: as many as now, one in each zone at most. A shard
   * that is being moved has one more for a while, which nobody waits for.
   */
  private Map<Integer, Integer> replicasWithoutThis() {
    int zones = IndexNode.zones(others(placement.nodes()));
    Map<Integer, Integer> wanted = new HashMap<>();
    for (int shard : placement.knownShards()) {
      int most = Math.min(placement.replicas(shard), zones);
      wanted.put(shard, Math.min(placement.serving(shard).size(), most));
    }
    return wanted;
  }

  private boolean othersServe(Map<Integer, Integer> wanted) {
    return wanted.entrySet().stream()
        .allMatch(shard -> others(placement.serving(shard.getKey())).count() >= shard.getValue());
  }

  private Stream<IndexNode> others(List<IndexNode> nodes) {
    return nodes.stream().filter(node -> !node.name().equals(self.name()));
  }

  /** Where ZooKeeper has gone nobody can be told, and the session ends by itself. */
  @Override
  public void close() {
    models.close();
    Thread leaving =
        Thread.ofPlatform()
            .daemon()
            .name("leave")
            .start(
                () -> {
                  List<Runnable> parts =
                      List.of(
                          participant::disconnect,
                          controller::disconnect,
                          placement::close,
                          cluster::close);
                  parts.forEach(HelixMembership::quietly);
                });
    try {
      if (!leaving.join(LEAVING)) {
        LOG.warn("node {} ends without having told ZooKeeper", self.name());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void quietly(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      LOG.warn("a connection to ZooKeeper could not be closed: {}", e.toString());
    }
  }
}
