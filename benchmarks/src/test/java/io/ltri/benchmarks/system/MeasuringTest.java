package io.ltri.benchmarks.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.ltri.benchmarks.figure.Reading.Progress;
import io.ltri.benchmarks.figure.Result.Bandwidth;
import java.util.List;
import org.junit.jupiter.api.Test;

class MeasuringTest {

  private static Sequences.Times times(long... seconds) {
    double[] intervals = new double[seconds.length - 1];
    for (int i = 0; i < intervals.length; i++) {
      intervals[i] = 1e3 * (seconds[i + 1] - seconds[i]);
    }
    return new Sequences.Times(
        java.util.Arrays.stream(seconds).map(second -> second * 1_000_000_000L).boxed().toList(),
        intervals);
  }

  @Test
  void onlyTheTimeCountsInWhichAllAnswersWereBeingMade() {
    Sequences.Outcome outcome = Sequences.outcome(List.of(times(0, 1, 2, 3, 4), times(2, 4, 6, 8)));
    // From 2 to 4: the tokens at 3 and 4, and the one at 4.
    assertThat(outcome.tokensPerSecond()).isEqualTo(1.5);
    assertThat(outcome.p50()).isEqualTo(1000);
    assertThat(outcome.p99()).isEqualTo(2000);
  }

  @Test
  void answersOneAfterTheOtherAreCountedOverTheWholeTime() {
    Sequences.Outcome outcome = Sequences.outcome(List.of(times(0, 1, 2), times(3, 4, 5)));
    assertThat(outcome.tokensPerSecond()).isEqualTo(1);
  }

  @Test
  void rateAtTheEndIsThatOfTheLastEighth() {
    List<Progress> steady =
        List.of(
            new Progress(400, 1), new Progress(700, 3), new Progress(750, 4), new Progress(800, 6));
    assertThat(LtriSubject.rateAtTheEnd(steady)).isEqualTo(100 / 3.0, within(1e-9));
    assertThat(LtriSubject.rateAtTheEnd(steady.subList(0, 1))).isZero();
    assertThat(LtriSubject.rateAtTheEnd(steady.subList(0, 2))).isEqualTo(150, within(1e-9));
  }

  @Test
  void memoryIsReadAsAWholeByAnyNumberOfThreads() throws Exception {
    List<Bandwidth> measured = MemoryBandwidth.measure("before", 1 << 20, 3);
    assertThat(measured).extracting(Bandwidth::threads).containsExactly(1, 3);
    assertThat(measured)
        .allSatisfy(each -> assertThat(each.gigabytesPerSecond().min()).isPositive());
  }
}
