package io.ltri.placement.helix;

import io.ltri.placement.IndexNode;
import io.ltri.placement.ShardHost;
import io.ltri.placement.Shards;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.helix.HelixException;
import org.apache.helix.controller.rebalancer.strategy.CrushEdRebalanceStrategy;
import org.apache.helix.model.ClusterConfig;
import org.apache.helix.model.IdealState;
import org.apache.helix.model.InstanceConfig;
import org.apache.helix.model.ResourceAssignment;
import org.apache.helix.model.ResourceConfig;
import org.apache.helix.util.HelixUtil;

/**
 * What a large cluster would do: the shards of documents by {@link Shards}, their nodes by the
 * rebalancing that a cluster runs, in this process and without the nodes; documents are drawn from
 * a log-normal law. {@code place NODES RACKS SHARDS REPLICAS DOCUMENTS} tells how evenly bytes lie
 * and what moves when a rack is lost or a node is added; {@code waged …} the same with Helix's
 * weighted rebalancer; {@code control NODES SHARDS} measures the control plane with real members
 * that load nothing.
 */
public final class ClusterSimulation {

  private static final String LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";
  private static final long SEED = 1;
  private static final double GB = 1e9;
  private static final String CLUSTER = "simulation";

  /** Median and spread of a document: half are below 1 GB, one of 100 above 33 GB. */
  private static final double MEDIAN_BYTES = 1e9;

  private static final double SIGMA = 1.5;

  /** As the default setting: larger ones are split in three by ranges of layers. */
  private static final double SPLIT_BYTES = 16e9;

  private static final int PARTS = 3;

  /** Of a document that is with each of its parts: vectors, tail. */
  private static final double COMMON = 0.15;

  private final int nodes;
  private final int racks;
  private final int shards;
  private final int replicas;
  private final boolean weighted;
  private final double[] bytes;
  private final String zookeeper;

  private ClusterSimulation(
      int nodes,
      int racks,
      int shards,
      int replicas,
      boolean weighted,
      double[] bytes,
      String zookeeper) {
    this.nodes = nodes;
    this.racks = racks;
    this.shards = shards;
    this.replicas = replicas;
    this.weighted = weighted;
    this.bytes = bytes;
    this.zookeeper = zookeeper;
  }

  public static void main(String[] arguments) throws Exception {
    int[] numbers =
        Arrays.stream(arguments, 1, arguments.length).mapToInt(Integer::parseInt).toArray();
    switch (arguments[0]) {
      case "place" -> simulate(numbers, false);
      case "waged" -> simulate(numbers, true);
      case "control" -> control(numbers[0], numbers[1]);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
    System.exit(0);
  }

  private static void say(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }

  // -- bytes
  // ----------------------------------------------------------------------------------------------------

  /** Bytes of each shard. */
  private static double[] documents(int shards, int count, boolean split) {
    Random random = new Random(SEED);
    double[] bytes = new double[shards];
    for (int i = 0; i < count; i++) {
      StringBuilder id = new StringBuilder();
      for (int l = 0; l < 16; l++) {
        id.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
      }
      int shard = Shards.of(id.toString(), shards);
      double size = MEDIAN_BYTES * Math.exp(SIGMA * random.nextGaussian());
      if (split && size >= SPLIT_BYTES) {
        for (int part = 0; part < PARTS; part++) {
          bytes[(shard + part) % shards] += size * (COMMON + (1 - COMMON) / PARTS);
        }
      } else {
        bytes[shard] += size;
      }
    }
    return bytes;
  }

  // -- placement
  // ----------------------------------------------------------------------------------------------------

  private InstanceConfig instance(int node) {
    String name = "node-%04d".formatted(node);
    InstanceConfig config = new InstanceConfig(name);
    config.setDomain("zone=rack-%03d,instance=%s".formatted(node % racks, name));
    config.setInstanceOperation(
        org.apache.helix.constants.InstanceConstants.InstanceOperation.ENABLE);
    return config;
  }

  /** The nodes of each shard, by the algorithm that a cluster runs. */
  private Map<Integer, Set<String>> place(int count, Set<Integer> dead) throws Exception {
    List<InstanceConfig> configs = new ArrayList<>();
    List<String> live = new ArrayList<>();
    for (int node = 0; node < count; node++) {
      configs.add(instance(node));
      if (!dead.contains(node)) {
        live.add("node-%04d".formatted(node));
      }
    }
    ClusterConfig cluster = new ClusterConfig(CLUSTER);
    HelixCluster.arrange(cluster);
    IdealState state = HelixCluster.shards(shards, replicas);
    List<String> partitions = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      partitions.add(HelixCluster.partition(HelixCluster.RESOURCE, shard));
    }
    Map<Integer, Set<String>> placed = new HashMap<>();
    if (!weighted) {
      HelixUtil.getIdealAssignmentForFullAuto(
              cluster, configs, live, state, partitions, CrushEdRebalanceStrategy.class.getName())
          .forEach((partition, map) -> placed.put(HelixCluster.shard(partition), map.keySet()));
      return placed;
    }
    double total = Arrays.stream(bytes).sum() * replicas;
    cluster.setInstanceCapacityKeys(List.of("MB"));
    cluster.setDefaultInstanceCapacityMap(Map.of("MB", (int) (3 * total / live.size() / 1e6)));
    Map<String, Map<String, Integer>> weights = new HashMap<>();
    for (int shard = 0; shard < shards; shard++) {
      weights.put(
          HelixCluster.partition(HelixCluster.RESOURCE, shard),
          Map.of("MB", (int) Math.max(1, bytes[shard] / 1e6)));
    }
    weights.put(ResourceConfig.DEFAULT_PARTITION_KEY, Map.of("MB", 1));
    ResourceConfig resource = new ResourceConfig(HelixCluster.RESOURCE);
    resource.setPartitionCapacityMap(weights);
    state.setRebalancerClassName("org.apache.helix.controller.rebalancer.waged.WagedRebalancer");
    Map<String, ResourceAssignment> found =
        HelixUtil.getImmediateAssignmentForWagedFullAuto(
            zookeeper, cluster, configs, live, List.of(state), List.of(resource));
    ResourceAssignment assignment = found.get(HelixCluster.RESOURCE);
    for (var partition : assignment.getMappedPartitions()) {
      placed.put(
          HelixCluster.shard(partition.getPartitionName()),
          assignment.getReplicaMap(partition).keySet());
    }
    return placed;
  }

  private Map<String, Double> load(Map<Integer, Set<String>> placed, int count) {
    Map<String, Double> load = new HashMap<>();
    for (int node = 0; node < count; node++) {
      load.put("node-%04d".formatted(node), 0.0);
    }
    placed.forEach((shard, on) -> on.forEach(node -> load.merge(node, bytes[shard], Double::sum)));
    return load;
  }

  private void tell(String what, Map<Integer, Set<String>> placed, int count, int dead) {
    Map<String, Double> load = load(placed, count);
    double total = load.values().stream().mapToDouble(d -> d).sum();
    double most = load.values().stream().mapToDouble(d -> d).max().orElse(0);
    long idle = load.values().stream().filter(d -> d == 0).count() - dead;
    double mean = total / (count - dead);
    say(
        "  %-28s %,d replicas; mean %.0f GB a node, most %.2f of the mean, %d nodes without any",
        what, placed.values().stream().mapToInt(Set::size).sum(), mean / GB, most / mean, idle);
  }

  private void compare(
      String what, Map<Integer, Set<String>> before, Map<Integer, Set<String>> after) {
    Map<String, Double> received = new HashMap<>();
    int moved = 0;
    int unserved = 0;
    for (int shard = 0; shard < shards; shard++) {
      Set<String> added = new HashSet<>(after.get(shard));
      added.removeAll(before.get(shard));
      moved += added.size();
      for (String node : added) {
        received.merge(node, bytes[shard], Double::sum);
      }
      if (added.size() == after.get(shard).size()) {
        unserved++;
      }
    }
    double total = received.values().stream().mapToDouble(d -> d).sum();
    double most = received.values().stream().mapToDouble(d -> d).max().orElse(0);
    say(
        "  %-28s %,d shards move, %.1f TB to %d nodes, at most %.0f GB to one; %d shards with no old node",
        what, moved, total / 1e12, received.size(), most / GB, unserved);
  }

  private static void simulate(int[] numbers, boolean weighted) throws Exception {
    int nodes = numbers[0];
    int racks = numbers[1];
    int shards = numbers[2];
    int replicas = numbers[3];
    int documents = numbers[4];
    double[] whole = documents(shards, documents, false);
    double[] split = documents(shards, documents, true);
    say(
        "%d nodes in %d racks, %d shards x %d by %s, %,d documents, %.0f TB (once)",
        nodes,
        racks,
        shards,
        replicas,
        weighted ? "weight (WAGED)" : "number (CrushEd)",
        documents,
        Arrays.stream(whole).sum() / 1e12);
    Path folder = Files.createTempDirectory("simulation");
    try (EmbeddedZooKeeper zookeeper = EmbeddedZooKeeper.start(folder, 0);
        HelixCluster cluster =
            new HelixCluster(
                new HelixSettings(
                    zookeeper.connectString(), CLUSTER, 1, 1, Duration.ofSeconds(30)))) {
      cluster.ensure();
      ClusterSimulation plain =
          new ClusterSimulation(
              nodes, racks, shards, replicas, weighted, whole, zookeeper.connectString());
      ClusterSimulation parts =
          new ClusterSimulation(
              nodes, racks, shards, replicas, weighted, split, zookeeper.connectString());
      say("  heaviest shard: %s of the mean whole, %s split", skew(whole), skew(split));
      plain.tell("documents whole", plain.place(nodes, Set.of()), nodes, 0);
      long start = System.nanoTime();
      Map<Integer, Set<String>> before = parts.place(nodes, Set.of());
      long first = System.nanoTime() - start;
      parts.tell("large ones split", before, nodes, 0);
      Set<Integer> rack = new HashSet<>();
      for (int node = 0; node < nodes; node += racks) {
        rack.add(node);
      }
      start = System.nanoTime();
      Map<Integer, Set<String>> after = parts.place(nodes, rack);
      long again = System.nanoTime() - start;
      parts.tell("a rack lost", after, nodes, rack.size());
      parts.compare("  to restore it", before, after);
      Map<Integer, Set<String>> more = parts.place(nodes + 1, Set.of());
      parts.tell("a node added", more, nodes + 1, 0);
      parts.compare("  to use it", before, more);
      say("  computing a placement: %.1f s, again %.1f s", first / 1e9, again / 1e9);
    } catch (HelixException e) {
      say("  %s", e.getMessage());
    }
  }

  private static String skew(double[] bytes) {
    return "%.2f"
        .formatted(Arrays.stream(bytes).max().orElse(0) / Arrays.stream(bytes).average().orElse(1));
  }

  // -- control plane
  // ----------------------------------------------------------------------------------------------------

  /** Counts. */
  private static final class Host implements ShardHost {
    final AtomicInteger loads;

    Host(AtomicInteger loads) {
      this.loads = loads;
    }

    @Override
    public void load(int shard) {
      loads.incrementAndGet();
    }

    @Override
    public void drop(int shard) {}
  }

  private static double awaitAll(HelixPlacement watcher, int shards, long start, String without)
      throws InterruptedException {
    while (true) {
      boolean all = true;
      for (int shard = 0; shard < shards && all; shard++) {
        List<IndexNode> serving = watcher.serving(shard);
        all =
            serving.size() == 2 && serving.stream().noneMatch(node -> node.name().equals(without));
      }
      if (all) {
        return (System.nanoTime() - start) / 1e9;
      }
      if (System.nanoTime() - start > Duration.ofMinutes(4).toNanos()) {
        return Double.NaN;
      }
      Thread.sleep(20);
    }
  }

  private static void control(int nodes, int shards) throws Exception {
    Path folder = Files.createTempDirectory("simulation");
    try (EmbeddedZooKeeper zookeeper = EmbeddedZooKeeper.start(folder, 0)) {
      HelixSettings settings =
          new HelixSettings(zookeeper.connectString(), "control", shards, 2, Duration.ofSeconds(4));
      AtomicInteger loads = new AtomicInteger();
      List<HelixMembership> members = new ArrayList<>();
      long start = System.nanoTime();
      for (int i = 0; i < nodes; i++) {
        members.add(
            HelixMembership.join(
                settings, new IndexNode("n" + i, "127.0.0.1", 7700 + i, ""), new Host(loads)));
      }
      HelixPlacement watcher = HelixPlacement.watch(settings, "watcher");
      double joined = awaitAll(watcher, shards, start, "");
      int first = loads.get();
      say(
          "%d nodes, %d shards x 2: all served %.1f s after the first join, %,d loads",
          nodes, shards, joined, first);
      start = System.nanoTime();
      members.removeLast().close();
      double lost = awaitAll(watcher, shards, start, "n" + (nodes - 1));
      say(
          "  a node that leaves: all complete again after %.1f s, %,d loads (%.0f in a second)",
          lost, loads.get() - first, (loads.get() - first) / lost);
      watcher.close();
    }
  }
}
