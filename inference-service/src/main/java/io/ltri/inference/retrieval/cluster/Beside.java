package io.ltri.inference.retrieval.cluster;

import io.grpc.Context;
import io.ltri.inference.retrieval.IndexException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** A call on a thread of its own, for somebody who does not wait for its end in any case. */
final class Beside {

  private Beside() {}

  static <T> CompletableFuture<T> start(String thread, Supplier<T> call) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    Runnable work =
        () -> {
          try {
            answer.complete(call.get());
          } catch (Throwable e) {
            answer.completeExceptionally(e);
          }
        };
    Thread unused = Thread.ofVirtual().name(thread).start(Context.current().wrap(work));
    return answer;
  }

  /**
   * What somebody who waited is told.
   *
   * @param e why there is no answer, as the future has it; or the interruption of who waited
   */
  static RuntimeException failure(Exception e) {
    if (e instanceof InterruptedException) {
      Thread.currentThread().interrupt();
      return new IndexException(IndexException.Reason.UNAVAILABLE, "interrupted", e);
    }
    return e.getCause() instanceof IndexException known
        ? known
        : new IllegalStateException(e.getCause());
  }
}
