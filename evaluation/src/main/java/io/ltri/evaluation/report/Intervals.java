package io.ltri.evaluation.report;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * 95 % confidence intervals. Scores are 0 to 1, intervals in per cent. Bootstrap: 10,000 resamples
 * of the samples with replacement, percentiles; the same seed gives the same interval.
 */
final class Intervals {
  private static final int RESAMPLES = 10_000;

  /** The 97.5 % quantile of the normal distribution. */
  private static final double Z = 1.959963984540054;

  private Intervals() {}

  /** Wilson's interval if all scores are 0 or 1, otherwise the bootstrap. */
  static Interval of(double[] scores, long seed) {
    boolean binary = Arrays.stream(scores).allMatch(score -> score == 0 || score == 1);
    return binary && scores.length > 0
        ? wilson((int) Arrays.stream(scores).sum(), scores.length)
        : bootstrap(scores, seed);
  }

  /**
   * Wilson's score interval for a share (Wilson 1927).
   *
   * @param right how many of the samples are right
   */
  static Interval wilson(int right, int samples) {
    double n = samples;
    double share = right / n;
    double middle = share + Z * Z / (2 * n);
    double half = Z * Math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n));
    double scale = 1 + Z * Z / n;
    // At the ends the formula gives 0 and 1 but for rounding.
    double low = right == 0 ? 0 : (middle - half) / scale;
    double high = right == samples ? 1 : (middle + half) / scale;
    return new Interval(100 * share, 100 * low, 100 * high, samples);
  }

  /**
   * Mean of the scores, with the bootstrap over samples.
   *
   * @throws IllegalArgumentException if there are none
   */
  static Interval bootstrap(double[] scores, long seed) {
    int n = scores.length;
    if (n == 0) {
      throw new IllegalArgumentException("there is no score to take a mean of");
    }
    SplittableRandom random = new SplittableRandom(seed);
    double[] means = new double[RESAMPLES];
    for (int i = 0; i < RESAMPLES; i++) {
      double sum = 0;
      for (int j = 0; j < n; j++) {
        sum += scores[random.nextInt(n)];
      }
      means[i] = sum / n;
    }
    Arrays.sort(means);
    int cut = RESAMPLES / 40;
    return new Interval(
        100 * Arrays.stream(scores).sum() / n,
        100 * means[cut],
        100 * means[RESAMPLES - 1 - cut],
        n);
  }

  /**
   * Difference of two variants over the same samples, first minus second, with the bootstrap over
   * the samples' differences.
   *
   * @param first scores of one variant
   * @param second scores of the other for the same samples in the same order
   */
  static Interval difference(double[] first, double[] second, long seed) {
    if (first.length != second.length) {
      throw new IllegalArgumentException(
          "%d and %d scores make no pairs".formatted(first.length, second.length));
    }
    double[] differences = new double[first.length];
    for (int i = 0; i < first.length; i++) {
      differences[i] = first[i] - second[i];
    }
    return bootstrap(differences, seed);
  }
}
