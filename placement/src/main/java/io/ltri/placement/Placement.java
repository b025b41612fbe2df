package io.ltri.placement;

import java.util.List;

/** Which nodes serve which shard at this moment, as far as this process has heard. Any thread. */
public interface Placement extends AutoCloseable {

  /** How many shards there are of each replication factor; never changes. */
  int shards();

  /** The nodes that are alive, by name; those being drained too. */
  List<IndexNode> nodes();

  /** The nodes that are alive and have loaded this shard, by name. */
  List<IndexNode> serving(int shard);

  /** Over all shards, how many replicas fewer are served than are asked for. */
  int missingReplicas();

  /** Replicas that a shard can have now: they are spread over zones, so one in each. */
  default int mostReplicas() {
    return IndexNode.zones(nodes().stream());
  }

  /** As {@link #serving(int)}, of the document's shard. */
  default List<IndexNode> serving(String documentId) {
    return serving(Shards.of(documentId, shards()));
  }

  /** Runs soon after each change, on a thread of the placement: it must not block. */
  void onChange(Runnable listener);

  @Override
  void close();
}
