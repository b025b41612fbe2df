package io.ltri.benchmarks.figure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class SpreadTest {

  @Test
  void medianIsTheMiddleValueOrTheMeanOfTwo() {
    assertThat(Spread.of(3, 1, 2)).isEqualTo(new Spread(1, 2, 3, 3));
    assertThat(Spread.of(4, 1, 3, 2)).isEqualTo(new Spread(1, 2.5, 4, 4));
    assertThat(Spread.of(List.of(7.0))).isEqualTo(new Spread(7, 7, 7, 1));
    assertThatThrownBy(Spread::of).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void percentileIsTheNearestRank() {
    double[] values = DoubleStream.iterate(100, value -> value - 1).limit(100).toArray();
    assertThat(Spread.percentile(values, 50)).isEqualTo(50);
    assertThat(Spread.percentile(values, 99)).isEqualTo(99);
    assertThat(Spread.percentile(values, 100)).isEqualTo(100);
    assertThat(Spread.percentile(values, 0.5)).isEqualTo(1);
    // Of few values the highest percentiles are the largest one.
    assertThat(Spread.percentile(new double[] {5, 1, 3}, 99)).isEqualTo(5);
    assertThat(Spread.percentile(new double[] {5, 1, 3}, 50)).isEqualTo(3);
    assertThatThrownBy(() -> Spread.percentile(values, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Spread.percentile(new double[0], 50))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void ratiosAreTakenRoundByRound() {
    LengthFigures ours = figures(Result.LTRI, 10, 20);
    LengthFigures theirs = figures("peer", 30, 40);
    assertThat(ours.decodeAgainst(theirs)).isEqualTo(new Spread(2, 2.5, 3, 2));
    assertThat(ours.prefillAgainst(theirs)).isEqualTo(1);
  }

  private static LengthFigures figures(String system, double... rounds) {
    return new LengthFigures(
        100,
        system,
        List.of(new Reading(100, 2, 2010, List.of(), 0, false)),
        DoubleStream.of(rounds)
            .mapToObj(millis -> new Answering(110, 5, new double[] {millis, 1, millis * 9}, null))
            .toList(),
        List.of(),
        0);
  }
}
