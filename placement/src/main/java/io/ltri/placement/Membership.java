package io.ltri.placement;

import java.time.Duration;

/** A node's place in the cluster, from joining to leaving. */
public interface Membership extends AutoCloseable {

  Placement placement();

  /**
   * Lets other nodes take over every shard, each before this one gives it up.
   *
   * @return false when the time was over before that: for instance there is no other node
   */
  boolean drain(Duration patience) throws InterruptedException;

  /** Leaves the cluster; the others take over what is left. */
  @Override
  void close();
}
