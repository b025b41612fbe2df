package io.ltri.inference.retrieval.cluster;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * When a second replica is asked the same: when the first takes longer than most calls like it took
 * lately, and not for more than a small share of all calls, so that a cluster that is slow as a
 * whole is not made slower. Any thread.
 *
 * <p>Source: Dean and Barroso, The Tail at Scale, Communications of the ACM 56 (2), 2013.
 */
final class Hedging {

  /** Calls that take about the same time are compared with each other. */
  enum Kind {
    LOOK_UP,
    FETCH
  }

  /** After a quiet time so many may come at once. */
  private static final double MOST_AT_ONCE = 8;

  /** Sooner there is nothing to be gained: the second call takes as long. */
  private static final Duration SOONEST = Duration.ofMillis(1);

  private static final int SIZES = 12;

  private final double percentile;
  private final double share;
  private final RecentTimes[] times = new RecentTimes[Kind.values().length * SIZES];
  private final AtomicLong asked = new AtomicLong();
  private final AtomicLong won = new AtomicLong();
  private double allowed;

  /**
   * @param percentile of recent times, after which the second is asked; 0 to 100
   * @param share of all calls for which that is done, at most; 0: never
   */
  Hedging(double percentile, double share) {
    this.percentile = percentile;
    this.share = share;
    Arrays.setAll(times, i -> new RecentTimes(percentile));
  }

  private RecentTimes times(Kind kind, int size) {
    int bits = Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(1, size)) - 1;
    return times[kind.ordinal() * SIZES + Math.min(bits, SIZES - 1)];
  }

  /**
   * How long the first is waited for alone; null: as long as it takes.
   *
   * @param size queries of a look-up, blocks of a fetch
   */
  @Nullable Duration after(Kind kind, int size) {
    if (share <= 0 || percentile >= 100) {
      return null;
    }
    long nanos = times(kind, size).percentileNanos();
    return nanos == 0 ? null : Duration.ofNanos(Math.max(nanos, SOONEST.toNanos()));
  }

  void answered(Kind kind, int size, long nanos) {
    times(kind, size).add(nanos);
  }

  /** Counts a call that might be asked twice. */
  synchronized void begun() {
    allowed = Math.min(MOST_AT_ONCE, allowed + share);
  }

  /** Whether a second may be asked now; if so, it is counted. */
  synchronized boolean take() {
    if (allowed < 1) {
      return false;
    }
    allowed--;
    asked.incrementAndGet();
    return true;
  }

  /** There was nobody to ask. */
  synchronized void giveBack() {
    allowed++;
    asked.decrementAndGet();
  }

  void secondWasFirst() {
    won.incrementAndGet();
  }

  /** Calls for which a second replica was asked. */
  long asked() {
    return asked.get();
  }

  /** Of these, those that it answered first. */
  long won() {
    return won.get();
  }

  /** The last few hundred times. */
  private static final class RecentTimes {

    private static final int KEPT = 512;
    private static final int LEAST = 64;
    private static final int EVERY = 32;

    private final double percentile;
    private final long[] nanos = new long[KEPT];
    private long count;
    private volatile long answer;

    RecentTimes(double percentile) {
      this.percentile = percentile;
    }

    synchronized void add(long time) {
      nanos[(int) (count++ % KEPT)] = time;
      if (count >= LEAST && count % EVERY == 0) {
        long[] sorted = Arrays.copyOf(nanos, (int) Math.min(count, KEPT));
        Arrays.sort(sorted);
        answer = sorted[(int) Math.min(sorted.length - 1, percentile / 100 * sorted.length)];
      }
    }

    /** 0: too few are known. */
    long percentileNanos() {
      return answer;
    }
  }
}
