package io.ltri.edge.watch;

import io.grpc.Context;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;

/**
 * Takes what is known of a request along to another thread: who makes it, its id, its trace. Not
 * its cancellation and deadline, which whoever hands work to another thread looks after.
 */
public final class Carried {

  private Carried() {}

  public static <T> Callable<T> task(Callable<T> task) {
    Context request = Context.current().fork();
    Callable<T> traced = io.opentelemetry.context.Context.current().wrap(task);
    return () -> {
      Context before = request.attach();
      String id = RequestIds.KEY.get();
      String loggedBefore = org.slf4j.MDC.get(RequestIds.MDC_KEY);
      if (id != null) {
        org.slf4j.MDC.put(RequestIds.MDC_KEY, id);
      }
      try {
        return traced.call();
      } finally {
        if (loggedBefore == null) {
          org.slf4j.MDC.remove(RequestIds.MDC_KEY);
        } else {
          org.slf4j.MDC.put(RequestIds.MDC_KEY, loggedBefore);
        }
        request.detach(before);
      }
    };
  }

  /** An executor whose tasks know of the request that they came from. */
  public static Executor executor(Executor executor) {
    return task -> {
      Callable<Void> carried =
          task(
              () -> {
                task.run();
                return null;
              });
      executor.execute(
          () -> {
            try {
              carried.call();
            } catch (RuntimeException e) {
              throw e;
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          });
    };
  }
}
