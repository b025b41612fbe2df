package io.ltri.placement;

import java.time.Duration;

/** A node's place in the cluster, from joining to leaving. */
public interface Membership extends AutoCloseable {

  Placement placement();

  /**
   * Lets shards of this replication factor be served from now on, by as many nodes or as there are.
   * They are empty at first; may be called again.
   *
   * @throws PlacementException when the coordination service can not be reached
   */
  void replicate(int replicas) throws InterruptedException;

  /**
   * Lets other nodes take over every shard. Each is served by somebody all the time; at the end the
   * others serve as many replicas as there were, if they have enough nodes and zones.
   *
   * @return false when the time was over before that: for instance there is no other node
   */
  boolean drain(Duration patience) throws InterruptedException;

  /** Leaves the cluster; the others take over what is left. */
  @Override
  void close();
}
