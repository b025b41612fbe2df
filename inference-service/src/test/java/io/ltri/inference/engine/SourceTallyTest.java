package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.ltri.inference.attention.TokenRange;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Two layers of two query heads over a document of 100 tokens, of which 4 are sink. */
class SourceTallyTest {
  private static final int HEADS = 2;
  private final SourceTally tally = new SourceTally(2, 4, 100);

  /**
   * @param given per token of the spans and the local part, the same by both heads
   */
  private void layer(int layer, List<TokenRange> spans, int localStart, int end, float... given) {
    float[] heads = new float[HEADS * given.length];
    IntStream.range(0, heads.length).forEach(i -> heads[i] = given[i % given.length]);
    tally.attended(layer, spans, localStart, end, 1, HEADS, MemorySegment.ofArray(heads));
  }

  /** Layer 0 cuts [10, 12) and [20, 22), layer 1 [11, 13); the question is at 100. */
  private void step(float ten, float eleven, float twenty) {
    tally.beginStep();
    List<TokenRange> first = List.of(new TokenRange(10, 12), new TokenRange(20, 22));
    layer(0, first, 98, 101, ten, eleven, twenty, 0, 0, 0, 0.5f);
    layer(1, List.of(new TokenRange(11, 13)), 98, 101, eleven, 0, 0.01f, 0, 0.5f);
  }

  @Test
  void tokensAddUpOverLayersAndTheBestOfOverlappingSpansWins() {
    step(0.2f, 0.1f, 0.05f);
    List<SourceTally.Weighted> best = tally.ofStep(10);
    // [10, 12) has 0.2 in one layer and 0.1 in both, half of each as a mean over two layers.
    assertThat(best.getFirst().start()).isEqualTo(10);
    assertThat(best.getFirst().end()).isEqualTo(12);
    assertThat(best.getFirst().attention()).isCloseTo(0.2, within(1e-6));
    assertThat(best).extracting(SourceTally.Weighted::start).containsExactly(10, 20, 96);
    assertThat(best.stream().mapToDouble(SourceTally.Weighted::weight).sum())
        .isCloseTo(1, within(1e-6));
    assertThat(tally.ofStep(1)).hasSize(1);
  }

  @Test
  void theMiddleOfASpanIsWhereItWasLookedAtAndNotWhereItBegins() {
    // Token 10 has half of the first number, token 11 of the second a half from each layer.
    step(0.3f, 0.1f, 0.05f);
    assertThat(tally.ofStep(1).getFirst().middle()).isEqualTo(10);
    step(0.01f, 0.3f, 0.05f);
    assertThat(tally.ofStep(1).getFirst().middle()).isEqualTo(11);
  }

  @Test
  void whatAllStepsLookAtAlikeIsNoSourceHoweverMuchAttentionItGets() {
    for (int i = 0; i < 9; i++) {
      step(0.4f, 0.3f, i == 5 ? 0.02f : 0);
    }
    List<SourceTally.Weighted> best = tally.ofAllSteps(10);
    assertThat(best.getFirst().start()).isEqualTo(20);
    assertThat(best.getFirst().weight()).isGreaterThan(0.99);
    assertThat(best.getFirst().attention()).isCloseTo(0.01 / 9, within(1e-6));
  }

  @Test
  void ofAStepCountsWhatTheStepsBeforeDidNotLookAt() {
    step(0.4f, 0.3f, 0);
    step(0.4f, 0.3f, 0.02f);
    assertThat(tally.ofStep(1))
        .singleElement()
        .satisfies(span -> assertThat(span.start()).isEqualTo(20));
  }

  @Test
  void weightIsThePartOfTheMutualInformationOfStepAndPlace() {
    step(0.2f, 0, 0);
    step(0, 0, 0.4f);
    List<SourceTally.Weighted> best = tally.ofAllSteps(10);
    // Per token, with m in one of two steps: m ln m / 2 - m / 2 ln (m / 2) = m ln 2 / 2.
    assertThat(best.get(0).start()).isEqualTo(20);
    assertThat(best.get(0).weight()).isCloseTo(2.0 / 3, within(1e-6));
    assertThat(best.get(0).attention()).isCloseTo(0.1, within(1e-6));
    assertThat(best.get(1).start()).isEqualTo(10);
    assertThat(best.get(1).weight()).isCloseTo(1.0 / 3, within(1e-6));
    assertThat(best.get(1).attention()).isCloseTo(0.05, within(1e-6));
  }

  @Test
  void attentionsAreDisjointPartsOfWhatTheDocumentReceived() {
    step(0.2f, 0.1f, 0.05f);
    step(0.1f, 0.2f, 0.1f);
    double sum = tally.ofAllSteps(100).stream().mapToDouble(SourceTally.Weighted::attention).sum();
    // Per step (ten + 2 eleven + twenty + window) / 2.
    double all = ((0.2 + 0.2 + 0.05 + 0.01) / 2 + (0.1 + 0.4 + 0.1 + 0.01) / 2) / 2;
    assertThat(tally.documentShare()).isCloseTo(all, within(1e-6));
    assertThat(sum).isPositive().isLessThanOrEqualTo(tally.documentShare() + 1e-9);
  }

  @Test
  void questionAndAnswerAreNoSources() {
    step(0, 0, 0);
    assertThat(tally.ofStep(10))
        .singleElement()
        .satisfies(run -> assertThat(run.end()).isEqualTo(100));
  }

  @Test
  void aStepThatBrokeOffCountsForNothing() {
    tally.beginStep();
    layer(0, List.of(new TokenRange(10, 12)), 98, 101, 0.3f, 0.3f, 0, 0, 0);
    assertThat(tally.ofStep(10)).isEmpty();
    step(0, 0, 0.4f);
    assertThat(tally.ofAllSteps(1))
        .singleElement()
        .satisfies(best -> assertThat(best.start()).isEqualTo(20));
  }

  @Test
  void theSinkIsNoSourceEvenIfALayerShowsIt() {
    tally.beginStep();
    float[] given = new float[101];
    given[0] = 0.9f;
    given[50] = 0.05f;
    layer(0, List.of(), 0, 101, given);
    layer(1, List.of(), 0, 101, given);
    assertThat(tally.ofStep(10))
        .singleElement()
        .satisfies(run -> assertThat(run.attention()).isCloseTo(0.05, within(1e-6)));
  }
}
