package io.ltri.inference.engine;

import io.ltri.edge.watch.Carried;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that runs the model. Requests hand it chunks and decode steps; {@link WorkQueue}
 * says in which order they run, and which together. One thread, and a platform thread, because the
 * tensor library keeps a team of worker threads for every thread that calls it.
 */
public final class ComputeThread implements AutoCloseable {

  /**
   * Decode steps wait at most this long, and at most a quarter of what the last ones took, for
   * those with which they went before: their callers need a moment to choose a token and come back.
   */
  private static final long LONGEST_GATHERING = TimeUnit.MILLISECONDS.toNanos(20);

  /**
   * How often it is looked whether a chunk's look-up is answered when there is nothing else to do.
   */
  private static final long POLL = TimeUnit.MICROSECONDS.toNanos(200);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final WorkQueue<SequencePass> queue = new WorkQueue<>();
  private final EngineMeters meters;
  private final Thread thread;
  private final List<AutoCloseable> used = new ArrayList<>();
  private boolean closed;

  public ComputeThread() {
    this(EngineMeters.NONE);
  }

  public ComputeThread(EngineMeters meters) {
    this.meters = meters;
    thread = Thread.ofPlatform().name("compute").daemon(true).start(this::work);
  }

  /**
   * Hands over what the work uses and nothing else may free: the tensor library crashes the process
   * when a model goes under a step that runs. It is closed with this, when all work is done.
   */
  public void owns(AutoCloseable resource) {
    lock.lock();
    try {
      used.add(resource);
    } finally {
      lock.unlock();
    }
  }

  /** Runs a short task there and waits for it; exceptions come through unchanged. */
  public <T> T run(Callable<T> task) {
    Callable<T> carried = Carried.task(task);
    long queued = System.nanoTime();
    meters.queued();
    CompletableFuture<T> result = new CompletableFuture<>();
    add(
        () ->
            queue.add(
                () -> {
                  meters.begins(System.nanoTime() - queued);
                  try {
                    result.complete(carried.call());
                  } catch (Throwable e) {
                    result.completeExceptionally(e);
                  }
                }));
    return await(result);
  }

  /** As above, for a task without a result. */
  public void run(Runnable task) {
    Object unused =
        run(
            () -> {
              task.run();
              return null;
            });
  }

  /**
   * Runs a pass there, its decode step together with those of others, and waits for it; exceptions
   * come through unchanged.
   *
   * @return its result
   */
  float @Nullable [] pass(SequencePass pass) {
    meters.queued();
    add(
        () -> {
          queue.mostTogether(pass.mostTogether());
          queue.add(pass);
        });
    return await(pass.result());
  }

  /** The sequence has ended: no decode step of others waits for its next. */
  void ended(Object sequence) {
    lock.lock();
    try {
      queue.ended(sequence);
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  private void add(Runnable adding) {
    lock.lock();
    try {
      if (closed) {
        throw new RejectedExecutionException("the compute thread has ended");
      }
      adding.run();
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  private static <T> T await(CompletableFuture<T> result) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return result.get();
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

  private void work() {
    long gatheringEnds = System.nanoTime();
    while (true) {
      WorkQueue.Work<SequencePass> work = next(gatheringEnds);
      if (work == null) {
        return;
      }
      switch (work) {
        case WorkQueue.Work.Task<SequencePass>(Runnable task) -> task.run();
        case WorkQueue.Work.Steps<SequencePass>(List<SequencePass> passes) -> {
          passes.forEach(this::begins);
          meters.together(passes.size());
          long start = System.nanoTime();
          SequencePass.together(passes);
          long end = System.nanoTime();
          gatheringEnds = end + Math.min(LONGEST_GATHERING, (end - start) / 4);
        }
        case WorkQueue.Work.Slice<SequencePass>(SequencePass pass, int halves) -> {
          begins(pass);
          if (!pass.slice(halves)) {
            goOnWith(pass);
          }
        }
      }
    }
  }

  private void begins(SequencePass pass) {
    long waited = pass.waited();
    if (waited >= 0) {
      meters.begins(waited);
    }
  }

  private void goOnWith(SequencePass pass) {
    lock.lock();
    try {
      queue.add(pass);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until there is something to do; null when this was closed and all is done. */
  private WorkQueue.@Nullable Work<SequencePass> next(long gatheringEnds) {
    lock.lock();
    try {
      while (true) {
        long gathers = gatheringEnds - System.nanoTime();
        WorkQueue.Work<SequencePass> work = queue.next(gathers > 0);
        if (work != null) {
          return work;
        }
        if (closed && queue.isEmpty()) {
          return null;
        }
        if (queue.hasChunks()) {
          long unused = changed.awaitNanos(POLL);
        } else if (queue.gathers()) {
          long unused = changed.awaitNanos(Math.max(1, gathers));
        } else {
          changed.awaitUninterruptibly();
        }
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the compute thread", e);
    } finally {
      lock.unlock();
    }
  }

  /** Ends when all that was handed over is done; then closes what it owns. */
  @Override
  public void close() {
    List<AutoCloseable> left;
    lock.lock();
    try {
      closed = true;
      left = List.copyOf(used);
      used.clear();
      changed.signal();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    for (AutoCloseable resource : left) {
      try {
        resource.close();
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
