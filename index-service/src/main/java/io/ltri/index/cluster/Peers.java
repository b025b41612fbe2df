package io.ltri.index.cluster;

import java.util.Set;

/**
 * The other nodes of a cluster. They are told what they would find out by themselves a minute
 * later, so nothing is thrown when one does not answer.
 */
public interface Peers extends AutoCloseable {

  /** There is nobody else. */
  Peers NONE =
      new Peers() {
        @Override
        public void published(String id, Set<Integer> shards) {}

        @Override
        public void deleted(String id, Set<Integer> shards) {}
      };

  /**
   * Waits, but not for long, until others have the document.
   *
   * @param shards that have something of it: who serves one of them is told
   */
  void published(String id, Set<Integer> shards);

  /** Waits, but not for long, until those that serve one of the shards have let go of it. */
  void deleted(String id, Set<Integer> shards);

  @Override
  default void close() {}
}
