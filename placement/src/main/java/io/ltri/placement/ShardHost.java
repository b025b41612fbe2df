package io.ltri.placement;

/** What a node does with the shards it is given. Different shards come on different threads. */
public interface ShardHost {

  /**
   * Makes everything of the shard ready to be served; the node is asked for it when this returns.
   * May be called again for a shard that is loaded.
   *
   * @throws Exception it is tried again later
   */
  void load(int shard) throws Exception;

  /** The shard is not this node's any more, and nobody is sent here for it. */
  void drop(int shard);
}
