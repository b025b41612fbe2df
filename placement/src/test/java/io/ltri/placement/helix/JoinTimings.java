package io.ltri.placement.helix;

import io.ltri.placement.IndexNode;
import io.ltri.placement.ShardHost;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How long a node takes to join, in a process that has just started as a node's has. With {@code
 * zookeeper} as argument it runs one at port 2199; with a name it joins, and then ends.
 */
public final class JoinTimings {

  private static final int PORT = 2199;
  private static final int SHARDS = 64;

  private JoinTimings() {}

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("zookeeper")) {
      EmbeddedZooKeeper zookeeper =
          EmbeddedZooKeeper.start(Files.createTempDirectory("zookeeper"), PORT);
      System.out.println("ZooKeeper at " + zookeeper.connectString());
      Thread.sleep(Duration.ofMinutes(10));
    }
    HelixSettings settings =
        new HelixSettings("127.0.0.1:" + PORT, "timings", SHARDS, 2, Duration.ofSeconds(4));
    Set<Integer> loaded = ConcurrentHashMap.newKeySet();
    long start = System.nanoTime();
    HelixMembership member =
        HelixMembership.join(
            settings,
            new IndexNode(arguments[0], "127.0.0.1", 7700, ""),
            new ShardHost() {
              @Override
              public void load(int shard) {
                if (loaded.isEmpty()) {
                  tell("first shard", start);
                }
                loaded.add(shard);
              }

              @Override
              public void drop(int shard) {
                loaded.remove(shard);
              }
            });
    tell("joined", start);
    while (member.placement().serving(0).isEmpty()) {
      Thread.sleep(10);
    }
    tell("shard 0 is routed to", start);
    while (loaded.size() < SHARDS * 2 / Math.max(2, member.placement().nodes().size()) * 9 / 10) {
      Thread.sleep(10);
    }
    tell("nine tenths of the shards of this node loaded", start);
    System.out.println(
        "processor time " + ProcessHandle.current().info().totalCpuDuration().orElse(null));
    if (arguments.length > 1) {
      Thread.sleep(Duration.ofMinutes(10));
    }
    member.close();
    System.exit(0);
  }

  private static void tell(String what, long start) {
    System.out.printf("%6d ms  %s%n", (System.nanoTime() - start) / 1_000_000, what);
  }
}
