package io.ltri.evaluation.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;

/**
 * 95 % confidence intervals. Scores are 0 to 1, intervals in per cent (mean x 100). Bootstrap:
 * 10,000 resamples with replacement, percentiles; the same seed gives the same interval.
 */
public final class Intervals {
  private static final int RESAMPLES = 10_000;

  /** The 97.5 % quantile of the normal distribution. */
  private static final double Z = 1.959963984540054;

  private Intervals() {}

  /** Wilson's interval if all scores are 0 or 1, otherwise the bootstrap. */
  public static Interval of(double[] scores, long seed) {
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
  public static Interval wilson(int right, int samples) {
    if (samples < 1 || right < 0 || right > samples) {
      throw new IllegalArgumentException(right + " of " + samples + " samples cannot be right");
    }
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

  /** Mean of the scores, with the bootstrap over samples. */
  public static Interval bootstrap(double[] scores, long seed) {
    return ofMeans(List.of(scores), seed);
  }

  /**
   * Mean of the tasks' means, as RULER's score of a length, with the bootstrap over the samples of
   * each task.
   *
   * @param tasks the scores of each task
   */
  public static Interval ofMeans(List<double[]> tasks, long seed) {
    if (tasks.isEmpty() || tasks.stream().anyMatch(scores -> scores.length == 0)) {
      throw new IllegalArgumentException("there is no score to take a mean of");
    }
    Random random = new Random(seed);
    double[] means = new double[RESAMPLES];
    for (int i = 0; i < RESAMPLES; i++) {
      double sum = 0;
      for (double[] scores : tasks) {
        double drawn = 0;
        for (int j = 0; j < scores.length; j++) {
          drawn += scores[random.nextInt(scores.length)];
        }
        sum += drawn / scores.length;
      }
      means[i] = sum / tasks.size();
    }
    Arrays.sort(means);
    double mean =
        tasks.stream()
            .mapToDouble(scores -> Arrays.stream(scores).average().orElseThrow())
            .average()
            .orElseThrow();
    int samples = tasks.stream().mapToInt(scores -> scores.length).sum();
    int cut = RESAMPLES / 40;
    return new Interval(100 * mean, 100 * means[cut], 100 * means[RESAMPLES - 1 - cut], samples);
  }

  /**
   * Paired difference of two policies over the same samples, first minus second, with the bootstrap
   * over the samples' differences.
   *
   * @param first scores of one policy
   * @param second scores of the other policy for the same samples in the same order
   */
  public static Interval difference(double[] first, double[] second, long seed) {
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

  /**
   * Paired difference over the samples that both policies have.
   *
   * @param first score of each sample of one policy, by the sample's id
   * @param second the same of the other policy
   * @throws IllegalArgumentException if they have no sample in common
   */
  public static Interval difference(
      Map<String, Double> first, Map<String, Double> second, long seed) {
    List<Double> differences = new ArrayList<>();
    for (String id : new TreeSet<>(first.keySet())) {
      Double one = first.get(id);
      Double other = second.get(id);
      if (one != null && other != null) {
        differences.add(one - other);
      }
    }
    return bootstrap(differences.stream().mapToDouble(Double::doubleValue).toArray(), seed);
  }
}
