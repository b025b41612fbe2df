package io.ltri.inference.attention;

import java.time.Duration;

/**
 * How long may still be waited for the index. While answering, all waits of a step together take no
 * longer than the deadline; while reading, each look-up has it for itself. One thread.
 */
final class StepWait {
  private final Duration deadline;
  private final boolean eachLookup;
  private long end;

  StepWait(Duration deadline, boolean eachLookup) {
    this.deadline = deadline;
    this.eachLookup = eachLookup;
    beginStep();
  }

  void beginStep() {
    end = System.nanoTime() + deadline.toNanos();
  }

  void beginLookup() {
    if (eachLookup) {
      beginStep();
    }
  }

  boolean isOver() {
    return left().isZero();
  }

  /** Not negative. */
  Duration left() {
    return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
  }

  Duration deadline() {
    return deadline;
  }
}
