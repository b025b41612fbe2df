package io.ltri.inference.tensor;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A few threads that share short work, of a tenth of a millisecond, with the thread that has it.
 * Who is free takes the next unit: a thread that the system has taken off its core delays others by
 * the unit that it is at, and one that wakes late finds that the work is done. Between works they
 * look out for the next for a moment, then sleep.
 */
final class Crew implements AutoCloseable {

  /**
   * How often a thread looks before it sleeps: some ten microseconds, as long as the small work
   * between two layers takes. Cores are wanted by others, too.
   */
  private static final int LOOKS = 1000;

  /** Part of a work; units are done in any order, by any thread. */
  interface Task {
    /**
     * @param worker who does it, below {@link #workers()}; one at a time for each
     */
    void run(int unit, int worker);
  }

  private static final class Work {
    final Task task;
    final int units;
    final AtomicInteger next = new AtomicInteger();
    final AtomicInteger done = new AtomicInteger();
    volatile @Nullable Throwable failure;

    Work(Task task, int units) {
      this.task = task;
      this.units = units;
    }

    void help(int worker) {
      for (int unit = next.getAndIncrement(); unit < units; unit = next.getAndIncrement()) {
        try {
          task.run(unit, worker);
        } catch (Throwable e) {
          failure = e;
        } finally {
          done.incrementAndGet();
        }
      }
    }
  }

  private final class Helper implements Runnable {
    private final int worker;
    private volatile boolean asleep;
    private volatile @Nullable Thread thread;

    Helper(int worker) {
      this.worker = worker;
    }

    @Override
    public void run() {
      Work seen = null;
      int looks = 0;
      while (!closed) {
        Work current = work;
        if (current != null && current != seen) {
          seen = current;
          current.help(worker);
          looks = 0;
        } else if (looks++ < LOOKS) {
          Thread.onSpinWait();
        } else {
          asleep = true;
          // Whoever brings work looks whether this sleeps after it has put the work there.
          Work next = work;
          if ((next == null || next == seen) && !closed) {
            LockSupport.park(this);
          }
          asleep = false;
          looks = 0;
        }
      }
    }

    void wake() {
      if (asleep) {
        LockSupport.unpark(thread);
      }
    }
  }

  private final ReentrantLock used = new ReentrantLock();
  private final Helper[] helpers;
  private volatile @Nullable Work work;
  private volatile boolean closed;

  /**
   * @param workers with the thread that has the work
   */
  Crew(int workers) {
    helpers = new Helper[workers - 1];
    for (int i = 0; i < helpers.length; i++) {
      Helper helper = new Helper(i + 1);
      helpers[i] = helper;
      helper.thread = Thread.ofPlatform().name("step-" + (i + 1)).daemon(true).start(helper);
    }
  }

  /** Whether all who help sleep. */
  boolean isAsleep() {
    for (Helper helper : helpers) {
      Thread thread = helper.thread;
      if (thread == null || thread.getState() != Thread.State.WAITING) {
        return false;
      }
    }
    return true;
  }

  int workers() {
    return helpers.length + 1;
  }

  /**
   * Does all units and returns. Where the crew has other work, of this thread or of another, this
   * one does them alone.
   */
  void run(int units, Task task) {
    if (units == 1 || helpers.length == 0 || used.isHeldByCurrentThread() || !used.tryLock()) {
      for (int unit = 0; unit < units; unit++) {
        task.run(unit, 0);
      }
      return;
    }
    try {
      Work given = new Work(task, units);
      work = given;
      for (Helper helper : helpers) {
        helper.wake();
      }
      given.help(0);
      for (int looks = 0; given.done.get() < units; looks++) {
        if (looks < LOOKS) {
          Thread.onSpinWait();
        } else {
          // Who has the last unit may wait for this core.
          Thread.yield();
        }
      }
      work = null;
      Throwable failure = given.failure;
      if (failure != null) {
        throw new IllegalStateException("a unit of work failed", failure);
      }
    } finally {
      used.unlock();
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Helper helper : helpers) {
      LockSupport.unpark(helper.thread);
    }
  }
}
