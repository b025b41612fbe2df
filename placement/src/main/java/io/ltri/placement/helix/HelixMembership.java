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
import java.util.stream.Stream;
import org.apache.helix.HelixManager;
import org.apache.helix.HelixManagerFactory;
import org.apache.helix.InstanceType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's place in a cluster. Each node also stands by as controller; one of them is elected, so
 * no process of its own has to be run for that.
 */
public final class HelixMembership implements Membership {

  private static final Logger LOG = LoggerFactory.getLogger(HelixMembership.class);
  private static final Duration POLL = Duration.ofMillis(100);

  private final HelixSettings settings;
  private final IndexNode self;
  private final HelixCluster cluster;
  private final ShardModels models;
  private final HelixManager controller;
  private final HelixManager participant;
  private final HelixPlacement placement;

  private HelixMembership(HelixSettings settings, IndexNode self, ShardHost host) throws Exception {
    this.settings = settings;
    this.self = self;
    this.cluster = new HelixCluster(settings);
    this.models = new ShardModels(host);
    boolean joined = false;
    HelixManager leads = null;
    HelixManager takesPart = null;
    try {
      cluster.ensure();
      cluster.register(self);
      leads = manager(settings, "controller-" + self.name(), InstanceType.CONTROLLER);
      leads.connect();
      takesPart = manager(settings, self.name(), InstanceType.PARTICIPANT);
      takesPart.getStateMachineEngine().registerStateModelFactory(HelixCluster.STATE_MODEL, models);
      takesPart.connect();
      placement = HelixPlacement.watch(settings, "watch-" + self.name());
      joined = true;
    } finally {
      if (!joined) {
        models.close();
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

  private static HelixManager manager(HelixSettings settings, String name, InstanceType type) {
    return HelixManagerFactory.getZKHelixManager(
        settings.cluster(), name, type, settings.zookeeper());
  }

  /**
   * Joins a cluster, which is made if there is none. Shards come to the host from now on.
   *
   * @throws PlacementException when ZooKeeper does not answer, or a node of this name is there
   */
  public static HelixMembership join(HelixSettings settings, IndexNode self, ShardHost host)
      throws InterruptedException {
    try {
      return new HelixMembership(settings, self, host);
    } catch (InterruptedException | PlacementException e) {
      throw e;
    } catch (Exception e) {
      throw new PlacementException(
          "node %s can not join cluster %s in ZooKeeper at %s: %s"
              .formatted(self.name(), settings.cluster(), settings.zookeeper(), e.getMessage()),
          e);
    }
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

  @Override
  public boolean drain(Duration patience) throws InterruptedException {
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

  @Override
  public void close() {
    models.close();
    participant.disconnect();
    controller.disconnect();
    placement.close();
    cluster.close();
  }
}
