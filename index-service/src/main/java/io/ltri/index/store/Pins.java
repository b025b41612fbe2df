package io.ltri.index.store;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts who uses something; what is to be done at the end is done by the last one to leave. Starts
 * with one user.
 */
final class Pins {

  private final AtomicInteger users = new AtomicInteger(1);
  private final Runnable atEnd;

  Pins(Runnable atEnd) {
    this.atEnd = atEnd;
  }

  /** False when all have left already. */
  boolean pin() {
    return users.getAndUpdate(n -> n == 0 ? 0 : n + 1) != 0;
  }

  int users() {
    return users.get();
  }

  void unpin() {
    if (users.decrementAndGet() == 0) {
      atEnd.run();
    }
  }
}
