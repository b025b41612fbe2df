package io.ltri.placement.helix;

import java.time.Duration;

/**
 * A cluster in a coordination service.
 *
 * @param zookeeper {@code host:port,host:port,...}
 * @param cluster its name; several may share one ensemble
 * @param shards how many there are: fixed by whoever comes first
 * @param replicas nodes that serve a shard, as long as there are so many: fixed by whoever comes
 *     first
 * @param session a node that was not heard for so long is taken for dead
 */
public record HelixSettings(
    String zookeeper, String cluster, int shards, int replicas, Duration session) {

  public static final int SHARDS = 64;
  public static final int REPLICAS = 2;

  public HelixSettings {
    if (shards < 1 || shards > 4096) {
      throw new IllegalArgumentException("shards must be 1 to 4096, not " + shards);
    }
    if (replicas < 1 || replicas > 16) {
      throw new IllegalArgumentException("replicas must be 1 to 16, not " + replicas);
    }
    if (!cluster.matches("[A-Za-z0-9][A-Za-z0-9_-]{0,62}")) {
      throw new IllegalArgumentException(
          "the name of a cluster has letters, digits, '_' and '-' only, 63 at most: " + cluster);
    }
  }
}
