package io.ltri.benchmarks.kernel;

import org.jspecify.annotations.Nullable;

/** What a set-up has made. */
final class Made {
  private Made() {}

  static <T> T of(@Nullable T value) {
    if (value == null) {
      throw new IllegalStateException("JMH did not call the set-up");
    }
    return value;
  }
}
