package io.ltri.evaluation.report;

import io.ltri.evaluation.run.Row;
import io.ltri.evaluation.score.Interval;
import io.ltri.evaluation.score.Intervals;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A variant against a reference, over the samples that both have answered.
 *
 * @param difference variant minus reference, in points
 * @param better samples on which the variant scored higher
 * @param worse samples on which it scored lower
 */
record Comparison(Interval difference, int better, int worse) {

  /**
   * Two variants that differ on fewer samples cannot be told apart: even if all differ in one
   * direction, a two-sided sign test stays above 5 % (2 / 2^5).
   */
  static final int FEWEST_THAT_TELL = 6;

  /** Empty if they share no sample. */
  static Optional<Comparison> of(List<Row> variant, List<Row> reference) {
    Map<String, Double> others = new HashMap<>();
    reference.forEach(row -> others.put(row.sample(), row.score()));
    List<Double> first = new ArrayList<>();
    List<Double> second = new ArrayList<>();
    int better = 0;
    int worse = 0;
    for (Row row : variant) {
      Double other = others.get(row.sample());
      if (other == null) {
        continue;
      }
      first.add(row.score());
      second.add(other);
      better += row.score() > other ? 1 : 0;
      worse += row.score() < other ? 1 : 0;
    }
    if (first.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Comparison(
            Intervals.difference(Results.array(first), Results.array(second), Results.SEED),
            better,
            worse));
  }

  /** 1: above the reference, -1: below, 0: the samples do not tell. */
  int sign() {
    if (better + worse < FEWEST_THAT_TELL) {
      return 0;
    }
    return difference.low() > 0 ? 1 : difference.high() < 0 ? -1 : 0;
  }
}
