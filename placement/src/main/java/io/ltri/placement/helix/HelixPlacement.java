package io.ltri.placement.helix;

import io.ltri.placement.IndexNode;
import io.ltri.placement.Placement;
import io.ltri.placement.PlacementException;
import io.ltri.placement.Shards;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.helix.HelixManager;
import org.apache.helix.InstanceType;
import org.apache.helix.model.InstanceConfig;
import org.apache.helix.model.LiveInstance;
import org.apache.helix.spectator.RoutingTableProvider;
import org.apache.helix.spectator.RoutingTableSnapshot;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routing table of a cluster, kept by watches. What was heard last is answered while ZooKeeper
 * is away: nodes that serve go on serving.
 */
public final class HelixPlacement implements Placement {

  private static final Logger LOG = LoggerFactory.getLogger(HelixPlacement.class);

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final HelixManager manager;
  private final RoutingTableProvider table;
  private final HelixCluster.Size size;
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile View view = new View(List.of(), new TreeMap<>());

  /**
   * @param serving per shard; of each factor that was heard of, all shards
   */
  private record View(List<IndexNode> nodes, NavigableMap<Integer, List<IndexNode>> serving) {}

  /**
   * @param name of this process, for the log of the coordination service
   */
  HelixPlacement(HelixCluster cluster, String name, HelixCluster.Size size) throws Exception {
    this.size = size;
    this.manager = cluster.manager(name, InstanceType.SPECTATOR);
    manager.connect();
    this.table = new RoutingTableProvider(manager);
    table.addRoutingTableChangeListener((snapshot, context) -> changed(snapshot), this);
    changed(table.getRoutingTableSnapshot());
  }

  /**
   * Begins to watch a cluster; waits a minute for one that no node has joined yet.
   *
   * @param name of this process, as the coordination service's log will have it
   * @throws PlacementException when there is no such cluster
   */
  public static HelixPlacement watch(HelixSettings settings, String name)
      throws InterruptedException {
    try (HelixCluster cluster = new HelixCluster(settings)) {
      return new HelixPlacement(cluster, name, cluster.awaitSize(PATIENCE));
    } catch (InterruptedException | PlacementException e) {
      throw e;
    } catch (Exception e) {
      throw new PlacementException(
          "cluster %s in ZooKeeper at %s can not be watched"
              .formatted(settings.cluster(), settings.zookeeper()),
          e);
    }
  }

  private void changed(RoutingTableSnapshot snapshot) {
    Set<String> alive = new HashSet<>();
    for (LiveInstance instance : snapshot.getLiveInstances()) {
      alive.add(instance.getInstanceName());
    }
    Set<String> resources = new HashSet<>(snapshot.getResources());
    NavigableMap<Integer, List<IndexNode>> serving = new TreeMap<>();
    for (int replicas = 0; replicas <= Shards.MOST_REPLICAS; replicas++) {
      String resource = HelixCluster.resource(replicas);
      if (replicas == 0 || resources.contains(resource) || knows(replicas)) {
        for (int i = 0; i < size.shards(); i++) {
          int shard = replicas * size.shards() + i;
          serving.put(shard, serving(snapshot, resource, shard, alive));
        }
      }
    }
    List<IndexNode> nodes =
        HelixCluster.nodes(
            snapshot.getInstanceConfigs().stream()
                .filter(config -> alive.contains(config.getInstanceName()))
                .toList());
    View next = new View(nodes, serving);
    synchronized (this) {
      if (next.equals(view)) {
        return;
      }
      view = next;
    }
    for (Runnable listener : listeners) {
      try {
        listener.run();
      } catch (RuntimeException e) {
        LOG.warn("a listener to the placement failed", e);
      }
    }
  }

  private static List<IndexNode> serving(
      RoutingTableSnapshot snapshot, String resource, int shard, Set<String> alive) {
    List<InstanceConfig> online =
        snapshot
            .getInstancesForResource(
                resource, HelixCluster.partition(resource, shard), HelixCluster.ONLINE)
            .stream()
            .filter(config -> alive.contains(config.getInstanceName()))
            .toList();
    return HelixCluster.nodes(online);
  }

  /** Whether there are shards of this factor, as far as was heard; 0: the cluster's own. */
  boolean knows(int replicas) {
    return view.serving().containsKey(replicas * size.shards());
  }

  /** Of all factors. */
  Set<Integer> knownShards() {
    return Collections.unmodifiableSet(view.serving().keySet());
  }

  /** Replicas that are asked for of a shard. */
  int replicas(int shard) {
    int factor = shard / size.shards();
    return factor == 0 ? size.replicas() : factor;
  }

  @Override
  public int missingReplicas() {
    int missing = 0;
    for (Map.Entry<Integer, List<IndexNode>> shard : view.serving().entrySet()) {
      missing += Math.max(0, replicas(shard.getKey()) - shard.getValue().size());
    }
    return missing;
  }

  @Override
  public int shards() {
    return size.shards();
  }

  @Override
  public List<IndexNode> nodes() {
    return view.nodes();
  }

  @Override
  public List<IndexNode> serving(int shard) {
    return view.serving().getOrDefault(shard, List.of());
  }

  @Override
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  @Override
  public void close() {
    table.shutdown();
    manager.disconnect();
  }
}
