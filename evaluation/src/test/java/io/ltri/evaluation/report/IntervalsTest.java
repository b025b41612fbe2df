package io.ltri.evaluation.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IntervalsTest {

  private static double width(Interval interval) {
    return interval.high() - interval.low();
  }

  /** Even draws from 0 to 1. */
  private static double[] draws(int n, long seed) {
    return new Random(seed).doubles(n).toArray();
  }

  @Test
  void wilsonAsItsFormulaSaysByHand() {
    // 8 of 10, z = 1.96: (0.8 + 0.19207 +- 1.96 sqrt(0.016 + 0.0096036)) / 1.38414
    Interval interval = Intervals.wilson(8, 10);
    assertThat(interval.value()).isEqualTo(80);
    assertThat(interval.low()).isCloseTo(49.0, within(0.1));
    assertThat(interval.high()).isCloseTo(94.3, within(0.1));
    assertThat(interval.samples()).isEqualTo(10);
  }

  @Test
  void allRightIsNotCertain() {
    Interval interval = Intervals.of(new double[] {1, 1, 1}, 1);
    assertThat(interval.value()).isEqualTo(100);
    assertThat(interval.high()).isEqualTo(100);
    assertThat(interval.low()).isBetween(40.0, 50.0);
  }

  @Test
  void bootstrapContainsTheMeanAndIsAsWideAsTheNormalApproximation() {
    double[] scores = draws(200, 1);
    Interval interval = Intervals.of(scores, 2);
    double mean = Arrays.stream(scores).average().orElseThrow();
    double variance = Arrays.stream(scores).map(x -> (x - mean) * (x - mean)).sum() / 199;
    assertThat(interval.value()).isCloseTo(100 * mean, within(1e-9));
    assertThat(mean * 100).isBetween(interval.low(), interval.high());
    assertThat(width(interval)).isCloseTo(100 * 2 * 1.96 * Math.sqrt(variance / 200), within(0.5));
  }

  @Test
  void moreSamplesMakeItNarrower() {
    assertThat(width(Intervals.of(draws(400, 1), 2)))
        .isLessThan(width(Intervals.of(draws(100, 1), 2)))
        .isLessThan(width(Intervals.of(draws(25, 1), 2)) / 3);
  }

  @Test
  void pairsOfCorrelatedScoresAreNarrowerThanEachAlone() {
    double[] first = draws(60, 3);
    double[] noise = draws(60, 4);
    double[] second = new double[60];
    double[] shuffled = new double[60];
    for (int i = 0; i < 60; i++) {
      second[i] = 0.9 * first[i] + 0.1 * noise[i];
      shuffled[(i + 17) % 60] = second[i];
    }
    Interval paired = Intervals.difference(first, second, 5);
    Interval unpaired = Intervals.difference(first, shuffled, 5);
    assertThat(paired.value()).isCloseTo(unpaired.value(), within(1e-9));
    assertThat(width(paired)).isLessThan(width(unpaired) / 4);
    assertThat(width(paired)).isLessThan(width(Intervals.of(first, 5)) / 4);
  }

  @Test
  void sameSeedGivesTheSameInterval() {
    assertThat(Intervals.of(draws(30, 1), 2)).isEqualTo(Intervals.of(draws(30, 1), 2));
  }

  @Test
  void nothingHasNoMean() {
    assertThatThrownBy(() -> Intervals.of(new double[0], 1)).hasMessageContaining("no score");
    assertThatThrownBy(() -> Intervals.difference(new double[2], new double[3], 1))
        .hasMessageContaining("no pairs");
  }
}
