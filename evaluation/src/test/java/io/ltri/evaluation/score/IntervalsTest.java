package io.ltri.evaluation.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IntervalsTest {

  private static double[] repeated(int count, double... pattern) {
    double[] scores = new double[count];
    for (int i = 0; i < count; i++) {
      scores[i] = pattern[i % pattern.length];
    }
    return scores;
  }

  /** By hand: 8 of 10, z = 1.96: (0.8 + 0.19207 +- 1.96 sqrt(0.016 + 0.0096)) / 1.38415. */
  @Test
  void wilsonFollowsItsFormula() {
    Interval interval = Intervals.wilson(8, 10);
    assertThat(interval.value()).isCloseTo(80, offset(1e-9));
    assertThat(interval.low()).isCloseTo(49.02, offset(0.01));
    assertThat(interval.high()).isCloseTo(94.33, offset(0.01));
    assertThat(interval.samples()).isEqualTo(10);
  }

  @Test
  void wilsonStaysInsideAndIsOpenAtTheEnds() {
    // z^2 / (n + z^2) with n = 20.
    assertThat(Intervals.wilson(0, 20))
        .isEqualTo(new Interval(0, 0, Intervals.wilson(0, 20).high(), 20));
    assertThat(Intervals.wilson(0, 20).high())
        .isCloseTo(100 * 3.8414588 / 23.8414588, offset(1e-5));
    assertThat(Intervals.wilson(20, 20).high()).isEqualTo(100);
    assertThat(Intervals.wilson(20, 20).low())
        .isCloseTo(100 - 100 * 3.8414588 / 23.8414588, offset(1e-5));
    assertThatThrownBy(() -> Intervals.wilson(3, 2)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Intervals.wilson(0, 0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void bootstrapIsAboutTheNormalInterval() {
    double[] scores = repeated(100, 0, 0.5, 1, 0.25);
    // Standard deviation of the pattern 0.36975, of the mean 0.036975, times 1.96.
    Interval interval = Intervals.bootstrap(scores, 1);
    assertThat(interval.value()).isCloseTo(43.75, offset(1e-9));
    assertThat(interval.low()).isCloseTo(43.75 - 7.25, offset(0.4));
    assertThat(interval.high()).isCloseTo(43.75 + 7.25, offset(0.4));
    assertThat(Intervals.bootstrap(scores, 1)).isEqualTo(interval);
    assertThat(Intervals.bootstrap(scores, 2).value()).isEqualTo(interval.value());
  }

  @Test
  void scoresOfZeroAndOneGetWilsonAndOthersTheBootstrap() {
    assertThat(Intervals.of(new double[] {1, 1, 0, 1}, 1)).isEqualTo(Intervals.wilson(3, 4));
    assertThat(Intervals.of(new double[] {1, 0.5, 0, 1}, 1))
        .isEqualTo(Intervals.bootstrap(new double[] {1, 0.5, 0, 1}, 1));
    assertThatThrownBy(() -> Intervals.of(new double[0], 1)).hasMessageContaining("no score");
  }

  @Test
  void pairedDifferenceIsNarrowWhereTheSamplesAgree() {
    Random random = new Random(3);
    double[] first = new double[200];
    double[] second = new double[200];
    for (int i = 0; i < first.length; i++) {
      second[i] = random.nextInt(2);
      first[i] = i % 20 == 0 ? 1 - second[i] : second[i];
    }
    second[0] = 0;
    first[0] = 1;
    Interval paired = Intervals.difference(first, second, 1);
    double unpaired = Intervals.bootstrap(first, 1).high() - Intervals.bootstrap(first, 1).low();
    assertThat(paired.high() - paired.low()).isLessThan(unpaired / 1.5);
    assertThat(paired.value())
        .isCloseTo(
            Intervals.bootstrap(first, 1).value() - Intervals.bootstrap(second, 1).value(),
            offset(1e-9));
    assertThat(Intervals.difference(second, second, 1)).isEqualTo(new Interval(0, 0, 0, 200));
    assertThatThrownBy(() -> Intervals.difference(first, new double[3], 1))
        .hasMessageContaining("200 and 3");
  }

  @Test
  void constantDifferenceHasNoWidth() {
    assertThat(Intervals.difference(repeated(50, 1, 0.75), repeated(50, 0.75, 0.5), 1))
        .isEqualTo(new Interval(25, 25, 25, 50));
  }

  @Test
  void differenceByIdTakesTheSamplesThatBothHave() {
    Interval interval =
        Intervals.difference(
            Map.of("a", 1.0, "b", 1.0, "c", 0.0), Map.of("b", 0.0, "a", 0.0, "d", 1.0), 1);
    assertThat(interval).isEqualTo(new Interval(100, 100, 100, 2));
    assertThatThrownBy(() -> Intervals.difference(Map.of("a", 1.0), Map.of("b", 1.0), 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void meanOfTasksWeighsTasksNotSamples() {
    Interval interval = Intervals.ofMeans(List.of(repeated(10, 1), repeated(90, 0)), 1);
    assertThat(interval).isEqualTo(new Interval(50, 50, 50, 100));
  }
}
