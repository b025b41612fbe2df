package io.ltri.inference.engine;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How many sequences there are at a time, since each takes memory and a share of the compute
 * thread. Others wait: whoever is let in next is of the tenant with the fewest inside, and among
 * those of the one that waits longest. So many may wait; beyond, the latest of the tenant with the
 * most waiting is refused.
 */
public final class Admission {

  /** Lets everybody in. */
  public static final Admission OPEN =
      new Admission("sequences", Integer.MAX_VALUE, 0, "", EngineMeters.NONE);

  private static final long POLL = TimeUnit.MILLISECONDS.toNanos(50);

  private final String what;
  private final int most;
  private final int mostWaiting;
  private final String settings;
  private final EngineMeters meters;
  private final ReentrantLock lock = new ReentrantLock();

  /** In the order in which the tenants' turns come. */
  private final Map<String, Deque<Waiting>> lines = new LinkedHashMap<>();

  private final Map<String, Integer> inside = new HashMap<>();
  private int insideInAll;
  private int waitingInAll;

  private static final class Waiting {
    private final Condition called;
    private boolean in;
    private boolean refused;

    Waiting(Condition called) {
      this.called = called;
    }
  }

  /** Somebody inside; closing it lets the next in. */
  public interface Entry extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * @param what in the plural, for messages and meters
   * @param most at a time
   * @param mostWaiting besides these
   * @param settings that say so, for messages
   */
  public Admission(String what, int most, int mostWaiting, String settings, EngineMeters meters) {
    if (most < 1 || mostWaiting < 0) {
      throw new IllegalArgumentException(
          "%s is %d, %d waiting, but must be 1 or more, and 0 or more waiting: %s"
              .formatted(what, most, mostWaiting, settings));
    }
    this.what = what;
    this.most = most;
    this.mostWaiting = mostWaiting;
    this.settings = settings;
    this.meters = meters;
    meters.waiting(what, this::waiting);
  }

  /**
   * Waits to be let in.
   *
   * @param goesOn asked while waiting; false: nobody wants to come in any more
   * @return null if it was no longer wanted
   * @throws RequestException if too many wait
   */
  @Nullable Entry enter(String tenant, BooleanSupplier goesOn) {
    long start = System.nanoTime();
    try {
      Entry entry = waitFor(tenant, goesOn);
      meters.admitted(System.nanoTime() - start);
      return entry;
    } catch (RequestException e) {
      if (e.reason() == RequestException.Reason.BUSY) {
        meters.refused();
      }
      throw e;
    }
  }

  private @Nullable Entry waitFor(String tenant, BooleanSupplier goesOn) {
    lock.lock();
    try {
      if (insideInAll < most && waitingInAll == 0) {
        return letIn(tenant);
      }
      if (waitingInAll >= mostWaiting) {
        refuseOne(tenant);
      }
      Waiting mine = new Waiting(lock.newCondition());
      lines.computeIfAbsent(tenant, line -> new ArrayDeque<>()).add(mine);
      waitingInAll++;
      return await(tenant, mine, goesOn);
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Entry await(String tenant, Waiting mine, BooleanSupplier goesOn) {
    boolean interrupted = false;
    try {
      while (!mine.in && !mine.refused) {
        if (!goesOn.getAsBoolean()) {
          return null;
        }
        try {
          long unused = mine.called.awaitNanos(POLL);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (mine.refused) {
        throw refusal();
      }
      return entry(tenant);
    } finally {
      if (!mine.in) {
        leaveLine(tenant, mine);
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void leaveLine(String tenant, Waiting mine) {
    Deque<Waiting> line = lines.get(tenant);
    if (line != null && line.remove(mine)) {
      waitingInAll--;
      if (line.isEmpty()) {
        lines.remove(tenant);
      }
    }
  }

  /** Of the tenant that has the most in line, the newcomer counted, the latest goes. */
  private void refuseOne(String newcomer) {
    Deque<Waiting> own = lines.get(newcomer);
    int most = own == null ? 1 : own.size() + 1;
    String longest = newcomer;
    Waiting latest = null;
    for (Map.Entry<String, Deque<Waiting>> line : lines.entrySet()) {
      if (line.getValue().size() > most) {
        most = line.getValue().size();
        longest = line.getKey();
        latest = line.getValue().getLast();
      }
    }
    if (latest == null) {
      throw refusal();
    }
    latest.refused = true;
    leaveLine(longest, latest);
    latest.called.signal();
  }

  private RequestException refusal() {
    return new RequestException(
        RequestException.Reason.BUSY,
        "%d %s are worked on and %d wait, which is the limit: try again later, or raise %s"
            .formatted(insideInAll, what, waitingInAll, settings));
  }

  private Entry letIn(String tenant) {
    insideInAll++;
    inside.merge(tenant, 1, Integer::sum);
    return entry(tenant);
  }

  private Entry entry(String tenant) {
    boolean[] left = {false};
    return () -> {
      lock.lock();
      try {
        if (!left[0]) {
          left[0] = true;
          leave(tenant);
        }
      } finally {
        lock.unlock();
      }
    };
  }

  private void leave(String tenant) {
    insideInAll--;
    inside.computeIfPresent(tenant, (name, count) -> count == 1 ? null : count - 1);
    String next = null;
    for (String waiting : lines.keySet()) {
      if (next == null || inside.getOrDefault(waiting, 0) < inside.getOrDefault(next, 0)) {
        next = waiting;
      }
    }
    Deque<Waiting> line = next == null ? null : lines.remove(next);
    if (next == null || line == null) {
      return;
    }
    Waiting first = line.removeFirst();
    waitingInAll--;
    if (!line.isEmpty()) {
      lines.put(next, line);
    }
    insideInAll++;
    inside.merge(next, 1, Integer::sum);
    first.in = true;
    first.called.signal();
  }

  /** How many wait. */
  public int waiting() {
    lock.lock();
    try {
      return waitingInAll;
    } finally {
      lock.unlock();
    }
  }
}
