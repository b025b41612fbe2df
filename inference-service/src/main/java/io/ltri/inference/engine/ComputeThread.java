package io.ltri.inference.engine;

import io.ltri.edge.watch.Carried;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The one thread that runs the model. Requests hand it a chunk or a decode step at a time, first
 * come first served, so a long reading delays an answer by one chunk at most per step. One thread,
 * and a platform thread, because the tensor library keeps a team of worker threads for every thread
 * that calls it.
 */
public final class ComputeThread implements AutoCloseable {
  private final ExecutorService executor =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("compute").daemon(true).factory());

  private final EngineMeters meters;

  public ComputeThread() {
    this(EngineMeters.NONE);
  }

  public ComputeThread(EngineMeters meters) {
    this.meters = meters;
  }

  /** Runs the task there and waits for it; exceptions come through unchanged. */
  public <T> T run(Callable<T> task) {
    Callable<T> carried = Carried.task(task);
    long queued = System.nanoTime();
    meters.queued();
    Future<T> future =
        executor.submit(
            () -> {
              meters.begins(System.nanoTime() - queued);
              return carried.call();
            });
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          // The task uses native memory of the caller: it must have ended before the caller goes
          // on.
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof RuntimeException runtime) {
        throw runtime;
      }
      if (cause instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException(cause);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** As above, for a task without a result. */
  public void run(Runnable task) {
    Object unused = run(Executors.callable(task));
  }

  @Override
  public void close() {
    executor.close();
  }
}
