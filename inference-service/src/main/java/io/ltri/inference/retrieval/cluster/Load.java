package io.ltri.inference.retrieval.cluster;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * How busy this service keeps a node: look-ups and fetches that are under way there, on average
 * over the last second or so. A node that is slow has more of them under way than one that is fast
 * and is asked as often (Little's law), so nothing has to be known of its speed. Any thread.
 */
final class Load {

  private static final double MEMORY_NANOS = 1e9;

  /** So many sequences that are open and ask nothing weigh as one call under way. */
  private static final double SEQUENCES_PER_CALL = 8;

  private final LongSupplier nanoTime;
  private final AtomicInteger sequences = new AtomicInteger();
  private int underWay;
  private double mean;
  private long since;

  Load(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.since = nanoTime.getAsLong();
  }

  private void advance() {
    long now = nanoTime.getAsLong();
    mean = underWay + (mean - underWay) * Math.exp(-(now - since) / MEMORY_NANOS);
    since = now;
  }

  synchronized void begin() {
    advance();
    underWay++;
  }

  synchronized void end() {
    advance();
    underWay--;
  }

  void opened() {
    sequences.incrementAndGet();
  }

  void closed() {
    sequences.decrementAndGet();
  }

  /** In calls under way. */
  synchronized double value() {
    advance();
    return mean + sequences.get() / SEQUENCES_PER_CALL;
  }
}
