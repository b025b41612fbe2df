package io.ltri.inference.retrieval.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.inference.retrieval.cluster.Hedging.Kind;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class HedgingTest {

  private static Hedging known(double percentile, double share) {
    Hedging hedging = new Hedging(percentile, share);
    for (int i = 1; i <= 512; i++) {
      hedging.answered(Kind.LOOK_UP, 1, Duration.ofMillis(i).toNanos());
    }
    return hedging;
  }

  @Test
  void aSecondIsAskedAfterThePercentileOfCallsOfTheSameKindAndSize() {
    Hedging hedging = known(95, 0.05);
    assertThat(hedging.after(Kind.LOOK_UP, 1)).isEqualTo(Duration.ofMillis(487));
    assertThat(hedging.after(Kind.LOOK_UP, 64)).as("nothing is known of these").isNull();
    assertThat(hedging.after(Kind.FETCH, 1)).isNull();
  }

  @Test
  void whatIsLongAgoDoesNotCount() {
    Hedging hedging = known(50, 0.05);
    for (int i = 0; i < 512; i++) {
      hedging.answered(Kind.LOOK_UP, 1, Duration.ofMillis(7).toNanos());
    }
    assertThat(hedging.after(Kind.LOOK_UP, 1)).isEqualTo(Duration.ofMillis(7));
  }

  @Test
  void notMoreThanTheShareIsAskedTwice() {
    Hedging hedging = known(95, 0.05);
    int taken = 0;
    for (int i = 0; i < 10_000; i++) {
      hedging.begun();
      taken += hedging.take() ? 1 : 0;
    }
    assertThat(taken).isBetween(490, 500);
    assertThat(hedging.asked()).isEqualTo(taken);
  }

  @Test
  void afterAQuietTimeSomeMayComeAtOnceButNotAllThatWereSpared() {
    Hedging hedging = known(95, 0.05);
    for (int i = 0; i < 10_000; i++) {
      hedging.begun();
    }
    int taken = 0;
    while (hedging.take()) {
      taken++;
    }
    assertThat(taken).isEqualTo(8);
  }

  @Test
  void aShareOfNothingIsNever() {
    assertThat(known(95, 0).after(Kind.LOOK_UP, 1)).isNull();
  }
}
