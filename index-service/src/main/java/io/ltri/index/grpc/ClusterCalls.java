package io.ltri.index.grpc;

import io.ltri.index.store.WrongStateException;
import io.ltri.proto.index.v1.Node;

/** What a node does because other nodes ask, and what it says of itself as one of them. */
public interface ClusterCalls {

  /** No cluster. */
  ClusterCalls NONE =
      new ClusterCalls() {
        @Override
        public boolean load(String id) {
          throw alone();
        }

        @Override
        public boolean drop(String id) {
          throw alone();
        }

        @Override
        public void describe(Node.Builder node) {}

        private WrongStateException alone() {
          return new WrongStateException(
              "this index node is not part of a cluster: start it with LTRI_INDEX_ZOOKEEPER and LTRI_INDEX_BLOBS");
        }
      };

  /**
   * Brings a document here if it belongs here.
   *
   * @return whether it did
   */
  boolean load(String id);

  /**
   * Lets go of a document if it was deleted.
   *
   * @return whether it was here
   */
  boolean drop(String id);

  /** Adds what the cluster knows. */
  void describe(Node.Builder node);
}
