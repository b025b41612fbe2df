package io.ltri.inference.retrieval.cluster;

import io.grpc.Context;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.cluster.Nodes.Node;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What is tried at one node after another. */
final class Elsewhere {

  private Elsewhere() {}

  /** Whether another node may do what this one could not. */
  static boolean mayHelp(IndexException e) {
    return switch (e.reason()) {
      // Another replica has its own copy, and may have heard of what this one has not yet.
      case UNAVAILABLE, TOO_LATE, NOT_FOUND, DAMAGED ->
          !Context.current().isCancelled() && !Thread.currentThread().isInterrupted();
      case ENDED, WRONG_STATE, FULL, REFUSED, INTERNAL -> false;
    };
  }

  /** Whether the node itself is in doubt, not what was asked of it. */
  static boolean isAway(IndexException e) {
    return e.reason() == IndexException.Reason.UNAVAILABLE
        || e.reason() == IndexException.Reason.TOO_LATE;
  }

  /**
   * The first answer.
   *
   * @param what is asked for, for the message when there is no node
   * @throws IndexException of the nodes' failures the one that says most: a node that is away may
   *     have what others did not find
   */
  static <T> T first(List<Node> nodes, String what, Function<Node, T> call) {
    IndexException failure = null;
    for (Node node : nodes) {
      try {
        return call.apply(node);
      } catch (IndexException e) {
        if (!mayHelp(e)) {
          throw e;
        }
        failure = worse(failure, e);
      }
    }
    if (failure == null) {
      throw new IndexException(
          IndexException.Reason.UNAVAILABLE, "no index node serves " + what + " at present");
    }
    throw failure;
  }

  static IndexException worse(@Nullable IndexException one, IndexException other) {
    return one == null || (rank(other) > rank(one)) ? other : one;
  }

  private static int rank(IndexException e) {
    return switch (e.reason()) {
      case NOT_FOUND -> 0;
      case DAMAGED -> 1;
      default -> 2;
    };
  }
}
