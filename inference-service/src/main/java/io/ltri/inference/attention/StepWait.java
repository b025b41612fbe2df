package io.ltri.inference.attention;

import io.ltri.inference.retrieval.IndexException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * How long may still be waited for the index. While answering, all waits of a step together take no
 * longer than the deadline. Where a failure ends the sequence, each look-up has the deadline for
 * itself and is repeated until then. One thread.
 */
final class StepWait {
  private static final Duration PAUSE = Duration.ofMillis(20);

  private final Duration deadline;
  private final boolean strict;
  private long end;

  StepWait(Duration deadline, boolean strict) {
    this.deadline = deadline;
    this.strict = strict;
    beginStep();
  }

  void beginStep() {
    end = System.nanoTime() + deadline.toNanos();
  }

  void beginLookup() {
    if (strict) {
      beginStep();
    }
  }

  /** Not negative. */
  Duration left() {
    return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
  }

  private boolean isOver() {
    return left().isZero();
  }

  /**
   * Calls the index, and again where nothing answers, for a stream that broke is opened anew: once
   * while answering, until the deadline if strict.
   *
   * @param call gets the time that it may take
   * @throws IndexException as the last call did, or if there is no time for one
   */
  <T> T call(Function<Duration, T> call) {
    IndexException last = null;
    for (int attempt = 0; ; attempt++) {
      if (isOver() && last != null) {
        throw last;
      }
      if (isOver()) {
        throw new IndexException(
            IndexException.Reason.TOO_LATE,
            "this step has waited "
                + deadline.toMillis()
                + " ms for the index and waits no longer");
      }
      try {
        return call.apply(left());
      } catch (IndexException e) {
        boolean again = strict ? !isOver() : attempt == 0;
        if (e.reason() != IndexException.Reason.UNAVAILABLE || !again) {
          throw e;
        }
        last = e;
      }
      if (attempt > 0) {
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }
}
