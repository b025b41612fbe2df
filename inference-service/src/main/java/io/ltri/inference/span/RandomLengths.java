package io.ltri.inference.span;

import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;

/**
 * Lengths drawn evenly from the widest range around the mean that lies within the bounds. The draw
 * is seeded by layer and start, so that it is the same however the text arrives.
 */
final class RandomLengths implements IntUnaryOperator {
  private final int layer;
  private final int least;
  private final int most;

  RandomLengths(SpanSettings settings, int layer) {
    this.layer = layer;
    int mean = settings.cutting().uniformTokens();
    least = Math.max(settings.shortest(), 2 * mean - settings.longest());
    most = Math.min(settings.longest(), 2 * mean - settings.shortest());
  }

  @Override
  public int applyAsInt(int start) {
    SplittableRandom random = new SplittableRandom(((long) layer << 32) + start);
    return start + random.nextInt(least, most + 1);
  }
}
