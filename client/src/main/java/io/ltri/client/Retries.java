package io.ltri.client;

import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How long a call is made again that its service broke off: as long as the client is patient, from
 * the last time that anything came. One thread.
 */
final class Retries {
  private static final long FIRST_WAIT_MILLIS = 50;
  private static final long LONGEST_WAIT_MILLIS = 1_000;

  private final Duration patience;
  private final Runnable reconnect;
  private long failingSince;
  private boolean failing;
  private long waitMillis = FIRST_WAIT_MILLIS;
  private int count;

  /**
   * @param patience zero: nothing is tried again
   * @param reconnect runs before each further attempt
   */
  Retries(Duration patience, Runnable reconnect) {
    this.patience = patience;
    this.reconnect = reconnect;
  }

  /** So often another attempt was made. */
  int count() {
    return count;
  }

  /** Something came: the patience is whole again. */
  void progressed() {
    failing = false;
    waitMillis = FIRST_WAIT_MILLIS;
  }

  /**
   * Waits a little, if there is to be another attempt.
   *
   * @return false: the failure stands
   */
  boolean again(LtriException failure) {
    if (patience.isZero() || failure.code() != Status.Code.UNAVAILABLE) {
      return false;
    }
    long now = System.nanoTime();
    if (!failing) {
      failing = true;
      failingSince = now;
    } else if (now - failingSince > patience.toNanos()) {
      return false;
    }
    try {
      Thread.sleep(waitMillis / 2 + ThreadLocalRandom.current().nextLong(waitMillis / 2 + 1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
    waitMillis = Math.min(LONGEST_WAIT_MILLIS, waitMillis * 2);
    count++;
    reconnect.run();
    return true;
  }
}
