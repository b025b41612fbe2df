package io.ltri.benchmarks.figure;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;

/**
 * Several values of the same thing.
 *
 * @param median of an even number of values: the mean of the two in the middle
 * @param values how many
 */
public record Spread(double min, double median, double max, int values) {

  /**
   * @throws IllegalArgumentException if there are no values
   */
  public static Spread of(double... values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("nothing was measured");
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int half = sorted.length / 2;
    double median = sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    return new Spread(sorted[0], median, sorted[sorted.length - 1], sorted.length);
  }

  public static Spread of(Collection<Double> values) {
    return of(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /**
   * The smallest value that is at least as large as so many of them (nearest rank).
   *
   * @param percent above 0, at most 100
   */
  public static double percentile(double[] values, double percent) {
    if (values.length == 0 || !(percent > 0 && percent <= 100)) {
      throw new IllegalArgumentException(
          "percentile " + percent + " of " + values.length + " values");
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    // A product that is whole but for its last bit is that whole number.
    int rank = (int) Math.ceil(percent / 100 * sorted.length - 1e-9);
    return sorted[Math.max(1, rank) - 1];
  }

  @Override
  public String toString() {
    String middle = shortNumber(median);
    return values == 1 ? middle : middle + " (" + shortNumber(min) + "-" + shortNumber(max) + ")";
  }

  /** Three digits that count. */
  public static String shortNumber(double value) {
    double size = Math.abs(value);
    String form = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, form, value);
  }
}
