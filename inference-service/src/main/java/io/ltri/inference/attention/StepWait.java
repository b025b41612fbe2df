package io.ltri.inference.attention;

import io.ltri.inference.retrieval.IndexException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * How long may still be waited for the index. While answering, all waits of a step together take no
 * longer than the deadline; what counts is the time in which this sequence waits, not that in which
 * the step computes or other sequences of its batch are served. Where a failure ends the sequence,
 * each look-up has the deadline for itself and is repeated until then. One thread.
 */
final class StepWait {
  private static final Duration PAUSE = Duration.ofMillis(20);

  private final Duration deadline;
  private final boolean strict;
  private long began;
  private long waited;

  StepWait(Duration deadline, boolean strict) {
    this.deadline = deadline;
    this.strict = strict;
    beginStep();
  }

  void beginStep() {
    began = System.nanoTime();
    waited = 0;
  }

  void beginLookup() {
    if (strict) {
      waited = 0;
    }
  }

  /** Whether a failure ends the sequence. */
  boolean isStrict() {
    return strict;
  }

  /** Not negative. */
  Duration left() {
    return Duration.ofNanos(Math.max(0, deadline.toNanos() - waited));
  }

  private boolean isOver() {
    return left().isZero();
  }

  /** Adds what was waited since then. */
  void waitedSince(long start) {
    waited += System.nanoTime() - start;
  }

  /** {@link #call(Function)} for what is asked now. */
  <T> T call(Function<Duration, T> call) {
    return call(System.nanoTime(), false, call);
  }

  /**
   * Calls the index, and again where nothing answers, for a stream that broke is opened anew: once
   * while answering, until the deadline if strict; not for a thread that is interrupted, which
   * nothing lets wait.
   *
   * @param asked when the first call was sent; it waits since then, though nobody looked
   * @param answered whether its answer is there: it is taken however late it is looked at, and was
   *     not waited for
   * @param call gets the time that it may take
   * @throws IndexException as the last call did, or if there is no time for one
   */
  <T> T call(long asked, boolean answered, Function<Duration, T> call) {
    long start = answered ? System.nanoTime() : Math.max(asked, began);
    IndexException last = null;
    for (int attempt = 0; ; attempt++) {
      waited += System.nanoTime() - start;
      start = System.nanoTime();
      if (isOver() && last != null) {
        throw last;
      }
      if (isOver() && !answered) {
        throw new IndexException(
            IndexException.Reason.TOO_LATE,
            "this step has waited "
                + deadline.toMillis()
                + " ms for the index and waits no longer");
      }
      try {
        return call.apply(left());
      } catch (IndexException e) {
        boolean again =
            strict ? deadline.toNanos() - waited > System.nanoTime() - start : attempt == 0;
        if (e.reason() != IndexException.Reason.UNAVAILABLE
            || !again
            || Thread.currentThread().isInterrupted()) {
          throw e;
        }
        last = e;
      } finally {
        waited += System.nanoTime() - start;
        start = System.nanoTime();
      }
      if (attempt > 0) {
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }
}
