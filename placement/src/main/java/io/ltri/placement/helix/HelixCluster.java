package io.ltri.placement.helix;

import io.ltri.placement.IndexNode;
import io.ltri.placement.PlacementException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.helix.ConfigAccessor;
import org.apache.helix.HelixCloudProperty;
import org.apache.helix.HelixException;
import org.apache.helix.HelixManager;
import org.apache.helix.HelixManagerProperty;
import org.apache.helix.InstanceType;
import org.apache.helix.SystemPropertyKeys;
import org.apache.helix.constants.InstanceConstants.InstanceOperation;
import org.apache.helix.controller.rebalancer.DelayedAutoRebalancer;
import org.apache.helix.controller.rebalancer.strategy.CrushEdRebalanceStrategy;
import org.apache.helix.manager.zk.ZKHelixAdmin;
import org.apache.helix.manager.zk.ZKHelixManager;
import org.apache.helix.model.CloudConfig;
import org.apache.helix.model.ClusterConfig;
import org.apache.helix.model.IdealState;
import org.apache.helix.model.IdealState.RebalanceMode;
import org.apache.helix.model.InstanceConfig;
import org.apache.helix.model.StateModelDefinition;
import org.apache.helix.zookeeper.zkclient.exception.ZkBadVersionException;
import org.apache.helix.zookeeper.zkclient.exception.ZkNoNodeException;
import org.apache.helix.zookeeper.zkclient.exception.ZkNodeExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is written down about a cluster: its shards as one Helix resource for each replication
 * factor, its nodes. Whoever comes first writes it.
 */
final class HelixCluster implements AutoCloseable {

  /** The Helix resource whose partitions are the shards of the cluster's own factor. */
  static final String RESOURCE = "documents";

  private static final String FACTOR = RESOURCE + "-r";

  static final String STATE_MODEL = "OnlineOffline";
  static final String ONLINE = "ONLINE";
  static final String OFFLINE = "OFFLINE";
  static final String DROPPED = "DROPPED";

  private static final Logger LOG = LoggerFactory.getLogger(HelixCluster.class);
  private static final Duration CONNECTION = Duration.ofSeconds(10);
  private static final int ATTEMPTS = 20;
  private static final long ATTEMPT_MILLIS = 250;

  /** Zone of nodes that have none: each is one of its own. */
  private static final String OWN_ZONE = "node-";

  private final HelixSettings settings;
  private final ZKHelixAdmin admin;

  HelixCluster(HelixSettings settings) {
    this.settings = settings;
    System.setProperty(
        SystemPropertyKeys.ZK_SESSION_TIMEOUT, Long.toString(settings.session().toMillis()));
    System.setProperty(
        SystemPropertyKeys.ZK_CONNECTION_TIMEOUT, Long.toString(CONNECTION.toMillis()));
    this.admin = connect(settings);
  }

  private static ZKHelixAdmin connect(HelixSettings settings) {
    try {
      return new ZKHelixAdmin(settings.zookeeper());
    } catch (RuntimeException e) {
      throw new PlacementException(
          "ZooKeeper does not answer at %s: start it, or name where it is"
              .formatted(settings.zookeeper()),
          e);
    }
  }

  /**
   * A connection that is not made yet. It does not ask ZooKeeper for a configuration of clouds, of
   * which there is none, by connections of its own, as one from Helix's factory does twice.
   */
  HelixManager manager(String name, InstanceType type) {
    return new ZKHelixManager(
        settings.cluster(),
        name,
        type,
        settings.zookeeper(),
        null,
        new HelixManagerProperty.Builder()
            .setHelixCloudProperty(new HelixCloudProperty(new CloudConfig()))
            .build());
  }

  /** Makes the cluster if there is none; several processes may do so at once. */
  void ensure() throws InterruptedException {
    patiently(this::create);
  }

  /** Makes the shards of a factor if there are none; several processes may do so at once. */
  void replicate(int replicas) throws InterruptedException {
    patiently(
        () -> {
          String cluster = settings.cluster();
          String resource = resource(replicas);
          if (admin.getResourceIdealState(cluster, resource) == null) {
            int count = admin.getResourceIdealState(cluster, RESOURCE).getNumPartitions();
            admin.addResource(
                cluster, resource, shards(resource, replicas * count, count, replicas));
            LOG.info("cluster {} has shards of {} replicas from now on", cluster, replicas);
          }
        });
  }

  private void patiently(Runnable work) throws InterruptedException {
    for (int attempt = 1; ; attempt++) {
      try {
        work.run();
        return;
      } catch (HelixException
          | ZkNodeExistsException
          | ZkNoNodeException
          | ZkBadVersionException
          | NullPointerException e) {
        // Somebody else is in the middle of it.
        if (attempt == ATTEMPTS) {
          throw new PlacementException(
              "cluster %s could not be written down in ZooKeeper at %s"
                  .formatted(settings.cluster(), settings.zookeeper()),
              e);
        }
        LOG.debug("cluster {} is not complete yet", settings.cluster(), e);
        Thread.sleep(ATTEMPT_MILLIS);
      }
    }
  }

  private void create() {
    String cluster = settings.cluster();
    // What is written last is asked for first: Helix looks at all clusters to list them.
    if (admin.getResourceIdealState(cluster, RESOURCE) != null) {
      return;
    }
    if (!admin.getClusters().contains(cluster)) {
      admin.addCluster(cluster, false);
    }
    if (admin.getStateModelDef(cluster, STATE_MODEL) == null) {
      admin.addStateModelDef(cluster, STATE_MODEL, shardStates());
    }
    ConfigAccessor configs = new ConfigAccessor(settings.zookeeper());
    try {
      ClusterConfig config = configs.getClusterConfig(cluster);
      arrange(config);
      configs.setClusterConfig(cluster, config);
    } finally {
      configs.close();
    }
    IdealState shards = shards(RESOURCE, 0, settings.shards(), settings.replicas());
    admin.addResource(cluster, RESOURCE, shards);
    admin.rebalance(cluster, RESOURCE, settings.replicas());
  }

  /**
   * Helix's own model of this name, and one step where that has two: a shard that others have is
   * given up at once. A third of all transitions when a node joins is saved so.
   */
  static StateModelDefinition shardStates() {
    return new StateModelDefinition.Builder(STATE_MODEL)
        .addState(ONLINE, 0)
        .addState(OFFLINE, 1)
        .addState(DROPPED)
        .initialState(OFFLINE)
        .addTransition(ONLINE, DROPPED, 0)
        .addTransition(ONLINE, OFFLINE, 1)
        .addTransition(OFFLINE, ONLINE, 2)
        .addTransition(OFFLINE, DROPPED, 3)
        // As many as the resource has replicas.
        .dynamicUpperBound(ONLINE, "R")
        .build();
  }

  /** Replicas are spread over zones. */
  static void arrange(ClusterConfig config) {
    config.setTopology("/zone/instance");
    config.setFaultZoneType("zone");
    config.setTopologyAwareEnabled(true);
    config.setPersistBestPossibleAssignment(true);
  }

  /** The resource as it is written down. */
  static IdealState shards(int count, int replicas) {
    return shards(RESOURCE, 0, count, replicas);
  }

  private static IdealState shards(String resource, int first, int count, int replicas) {
    IdealState shards = new IdealState(resource);
    shards.setNumPartitions(count);
    shards.setReplicas(Integer.toString(replicas));
    shards.setMinActiveReplicas(1);
    shards.setStateModelDefRef(STATE_MODEL);
    shards.setRebalanceMode(RebalanceMode.FULL_AUTO);
    shards.setRebalancerClassName(DelayedAutoRebalancer.class.getName());
    shards.setRebalanceStrategy(CrushEdRebalanceStrategy.class.getName());
    for (int shard = first; shard < first + count; shard++) {
      shards.setPreferenceList(partition(resource, shard), new ArrayList<>());
    }
    return shards;
  }

  /**
   * What was decided when the cluster was made.
   *
   * @param shards of each factor
   * @param replicas of documents that have no factor of their own
   */
  record Size(int shards, int replicas) {}

  /** How large the cluster is, once somebody has made it. */
  Size awaitSize(Duration patience) throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      IdealState state = admin.getResourceIdealState(settings.cluster(), RESOURCE);
      if (state != null) {
        return new Size(state.getNumPartitions(), Integer.parseInt(state.getReplicas()));
      }
      if (System.nanoTime() > end) {
        throw new PlacementException(
            "there is no cluster %s in ZooKeeper at %s: start an index node of it first"
                .formatted(settings.cluster(), settings.zookeeper()));
      }
      Thread.sleep(ATTEMPT_MILLIS);
    }
  }

  /**
   * Writes down who and where a node is, and that it may be given shards.
   *
   * @throws PlacementException when one of its name is alive elsewhere
   */
  void register(IndexNode node) throws InterruptedException {
    String cluster = settings.cluster();
    InstanceConfig config = null;
    if (admin.getInstancesInCluster(cluster).contains(node.name())) {
      config = admin.getInstanceConfig(cluster, node.name());
      if (!node.target().equals(node(config).target())) {
        forget(config);
        config = null;
      }
    }
    boolean known = config != null;
    if (config == null) {
      config = new InstanceConfig(node.name());
    }
    config.setHostName(node.host());
    config.setPort(Integer.toString(node.port()));
    String zone = node.zone().isEmpty() ? OWN_ZONE + node.name() : node.zone();
    config.setDomain("zone=%s,instance=%s".formatted(zone, node.name()));
    if (known) {
      admin.setInstanceConfig(cluster, node.name(), config);
    } else {
      admin.addInstance(cluster, config);
    }
    admin.setInstanceOperation(cluster, node.name(), InstanceOperation.ENABLE);
  }

  /** Helix lets no node change its address. One that has died counts as alive for a while. */
  private void forget(InstanceConfig before) throws InterruptedException {
    long end = System.nanoTime() + settings.session().multipliedBy(3).toNanos();
    while (true) {
      try {
        admin.dropInstance(settings.cluster(), before);
        return;
      } catch (HelixException alive) {
        if (System.nanoTime() > end) {
          throw new PlacementException(
              "a node %s of cluster %s is at %s: end it, or give this one another name"
                  .formatted(before.getInstanceName(), settings.cluster(), node(before).target()),
              alive);
        }
      }
      Thread.sleep(ATTEMPT_MILLIS);
    }
  }

  /** Asks for all shards of a node to be given to others. */
  void evacuate(String node) {
    admin.setInstanceOperation(settings.cluster(), node, InstanceOperation.EVACUATE);
  }

  boolean isEvacuated(String node) {
    return admin.isEvacuateFinished(settings.cluster(), node);
  }

  /**
   * The resource of a factor.
   *
   * @param replicas 0: the cluster's own
   */
  static String resource(int replicas) {
    return replicas == 0 ? RESOURCE : FACTOR + replicas;
  }

  static String partition(String resource, int shard) {
    return resource + "_" + shard;
  }

  static int shard(String partition) {
    return Integer.parseInt(partition.substring(partition.lastIndexOf('_') + 1));
  }

  static IndexNode node(InstanceConfig config) {
    String zone = Objects.requireNonNullElse(config.getDomainAsMap().get("zone"), "");
    return new IndexNode(
        config.getInstanceName(),
        config.getHostName(),
        Integer.parseInt(config.getPort()),
        zone.startsWith(OWN_ZONE) ? "" : zone);
  }

  static List<IndexNode> nodes(Iterable<InstanceConfig> configs) {
    List<IndexNode> nodes = new ArrayList<>();
    configs.forEach(config -> nodes.add(node(config)));
    nodes.sort((a, b) -> a.name().compareTo(b.name()));
    return List.copyOf(nodes);
  }

  @Override
  public void close() {
    admin.close();
  }
}
