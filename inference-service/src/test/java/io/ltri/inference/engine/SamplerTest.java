package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final float[] LOGITS = {0, 3, 1, 3, -2};

  private static Set<Integer> drawn(Sampling sampling) {
    Sampler sampler = new Sampler(sampling);
    Set<Integer> tokens = new HashSet<>();
    for (int i = 0; i < 2_000; i++) {
      tokens.add(sampler.next(LOGITS));
    }
    return tokens;
  }

  @Test
  void greedyTakesTheFirstOfTheBest() {
    assertThat(new Sampler(Sampling.GREEDY).next(LOGITS)).isEqualTo(1);
  }

  @Test
  void topKKeepsTheBestOnly() {
    assertThat(drawn(new Sampling(1, 0, 2, 5))).containsExactlyInAnyOrder(1, 3);
    assertThat(drawn(new Sampling(1, 0, 1, 5))).containsExactly(1);
  }

  @Test
  void topPKeepsTheSmallestSetThatReachesIt() {
    assertThat(drawn(new Sampling(1, 0.8, 0, 5))).containsExactlyInAnyOrder(1, 3);
    assertThat(drawn(new Sampling(1, 0.3, 0, 5))).containsExactly(1);
  }

  @Test
  void drawsFollowTheProbabilities() {
    Sampler sampler = new Sampler(new Sampling(1, 0, 0, 9));
    int[] counts = new int[LOGITS.length];
    int draws = 20_000;
    for (int i = 0; i < draws; i++) {
      counts[sampler.next(LOGITS)]++;
    }
    for (int token = 0; token < LOGITS.length; token++) {
      double expected = Math.exp(Sampler.logProbability(LOGITS, token));
      assertThat((double) counts[token] / draws).isBetween(expected - 0.02, expected + 0.02);
    }
  }

  @Test
  void afterTokensThatWereDrawnElsewhereTheSameOnesAreDrawn() {
    for (Sampling sampling :
        List.of(
            Sampling.GREEDY,
            new Sampling(1, 0, 0, 9),
            new Sampling(1.5, 0.9, 3, 0.05, 0.4, 0.7, 11))) {
      Sampler whole = new Sampler(sampling);
      List<Integer> drawn = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        drawn.add(whole.next(LOGITS));
      }
      Sampler goesOn = new Sampler(sampling);
      List<Integer> rest = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        rest.add(i < 17 ? goesOn.take(drawn.get(i)) : goesOn.next(LOGITS));
      }
      assertThat(rest).isEqualTo(drawn);
    }
  }

  @Test
  void valuesOutOfRangeAreRefusedByName() {
    assertThatThrownBy(() -> new Sampling(-1, 0, 0, 1)).hasMessageContaining("temperature");
    assertThatThrownBy(() -> new Sampling(1, 1.5, 0, 1)).hasMessageContaining("top_p");
    assertThatThrownBy(() -> new Sampling(1, 0, -1, 1)).hasMessageContaining("top_k");
    assertThatThrownBy(() -> new Sampling(Double.NaN, 0, 0, 1)).hasMessageContaining("temperature");
  }

  @Test
  void aLeastProbabilityLeavesOutWhatIsFarBelowTheBest() {
    float[] logits = {0, (float) Math.log(0.5), (float) Math.log(0.1)};
    Sampler sampler = new Sampler(new Sampling(1, 0, 0, 0.4, 0, 0, 3));
    Set<Integer> drawn = new HashSet<>();
    for (int i = 0; i < 500; i++) {
      drawn.add(sampler.next(logits));
    }
    assertThat(drawn).containsExactlyInAnyOrder(0, 1);
  }

  @Test
  void penaltiesMakeATokenGiveWayToOthersTheMoreOftenItCame() {
    float[] logits = {3, 2.5f, 0};
    Sampler presence = new Sampler(new Sampling(0, 0, 0, 0, 1, 0, 1));
    assertThat(List.of(presence.next(logits), presence.next(logits), presence.next(logits)))
        .containsExactly(0, 1, 0);
    Sampler frequency = new Sampler(new Sampling(0, 0, 0, 0, 0, 1, 1));
    assertThat(
            List.of(
                frequency.next(logits),
                frequency.next(logits),
                frequency.next(logits),
                frequency.next(logits)))
        .containsExactly(0, 1, 0, 1);
    assertThat(logits).containsExactly(3, 2.5f, 0);
  }

  @Test
  void theMostProbableTokensComeInOrderAndTiesGoToTheLowerId() {
    float[] logits = {1, 5, 3, 5, 2};
    assertThat(Sampler.mostProbable(logits, 3)).containsExactly(1, 3, 2);
    assertThat(Sampler.mostProbable(logits, 9)).containsExactly(1, 3, 2, 4, 0);
  }
}
