package io.ltri.inference.engine;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Lets equal work be done once at a time. */
final class Turns {

  /** How often one who waits asks whether anybody still wants the result. */
  private static final long ASK_MILLIS = 200;

  private final ConcurrentHashMap<String, CountDownLatch> running = new ConcurrentHashMap<>();

  /** Held while the work is done. */
  interface Turn extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Waits until nobody else does this work.
   *
   * @throws RequestException when it is cancelled meanwhile
   */
  Turn take(String work, BooleanSupplier cancelled) {
    CountDownLatch mine = new CountDownLatch(1);
    while (true) {
      CountDownLatch theirs = running.putIfAbsent(work, mine);
      if (theirs == null) {
        return () -> {
          running.remove(work, mine);
          mine.countDown();
        };
      }
      await(theirs, cancelled);
    }
  }

  private static void await(CountDownLatch latch, BooleanSupplier cancelled) {
    try {
      while (!latch.await(ASK_MILLIS, TimeUnit.MILLISECONDS)) {
        if (cancelled.getAsBoolean()) {
          throw new RequestException(
              RequestException.Reason.CANCELLED, "the reading was cancelled");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RequestException(RequestException.Reason.CANCELLED, "interrupted", e);
    }
  }
}
