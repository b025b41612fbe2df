package io.ltri.index.cluster;

/**
 * The other nodes of a cluster. They are told what they would find out by themselves a minute
 * later, so nothing is thrown when one does not answer.
 */
public interface Peers extends AutoCloseable {

  /** There is nobody else. */
  Peers NONE =
      new Peers() {
        @Override
        public void published(String id) {}

        @Override
        public void deleted(String id) {}
      };

  /** Waits, but not for long, until those that serve its shard have the document. */
  void published(String id);

  /** Waits, but not for long, until those that serve its shard have let go of it. */
  void deleted(String id);

  @Override
  default void close() {}
}
