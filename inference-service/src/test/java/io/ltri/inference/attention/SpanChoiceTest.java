package io.ltri.inference.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.attention.LookupSettings.HeadRule;
import io.ltri.inference.attention.RetrievalHeadList.Head;
import io.ltri.inference.retrieval.Candidate;
import io.ltri.inference.retrieval.SearchRule;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The choice among candidates that are made by hand. Spans are named by their first position. */
class SpanChoiceTest {
  private static final LookupSettings OFF = LookupSettings.DEFAULT;

  private static Candidate span(int start, int end, double... mass) {
    float[] perHead = new float[mass.length];
    for (int head = 0; head < mass.length; head++) {
      perHead[head] = (float) mass[head];
    }
    return new Candidate(0, start, start, end, perHead);
  }

  private static SpanChoice choice(LookupSettings settings, int budget) {
    return new SpanChoice(settings, 0, budget, new Votes());
  }

  private static List<Integer> starts(List<Candidate> chosen) {
    return chosen.stream().map(Candidate::start).toList();
  }

  private static List<Integer> chosen(LookupSettings settings, int budget, Candidate... of) {
    return starts(choice(settings, budget).choose(List.of(of), false));
  }

  private static RetrievalHeadList heads(Head... heads) {
    return new RetrievalHeadList(Set.of(heads));
  }

  @Test
  void soManyOfTheFirstLayersLookUpInEachSixteenthStep() {
    LookupSettings some = OFF.withSeldomLayers(4);
    assertThat(some.looksUp(3, 1)).isTrue();
    assertThat(some.looksUp(3, 2)).isFalse();
    assertThat(some.looksUp(4, 2)).isTrue();
    assertThat(some.looksUp(0, 16)).isFalse();
    assertThat(some.looksUp(0, 17)).isTrue();
    assertThat(some.withLookupEvery(4).looksUp(4, 5)).isTrue();
    assertThat(OFF.looksUp(0, 2)).isTrue();
  }

  @Test
  void theBestSumsFillTheBudgetAndWhatDoesNotFitIsSkipped() {
    assertThat(
            chosen(
                OFF,
                25,
                span(0, 10, 0.1, 0.1),
                span(10, 20, 0.5, 0),
                span(20, 30, 0.2, 0.2),
                span(30, 36, 0.05, 0.05),
                span(36, 41, 0.01, 0.01)))
        .containsExactly(10, 20, 36);
  }

  @Test
  void equalScoresGoToTheEarlierSpan() {
    assertThat(chosen(OFF, 10, span(20, 30, 0.2), span(0, 10, 0.2))).containsExactly(0);
  }

  @Test
  void neighboursShareTheirScoresOnlyWhereTheyTouch() {
    Candidate[] spans = {
      span(0, 10, 0.5), span(10, 20, 0.1), span(20, 30, 0.3), span(31, 41, 0.24), span(50, 60, 0.26)
    };
    assertThat(chosen(OFF, 30, spans)).containsExactly(0, 20, 50);
    // 10: 0.1 + 0.5 * (0.5 + 0.3) / 2 = 0.3; 20: 0.325; 31 touches nothing and stays.
    assertThat(chosen(OFF.withNeighbourShare(0.5), 30, spans)).containsExactly(0, 10, 20);
    // 10: 0.1 + 0.39 * 0.4 = 0.256, below 0.26; with simultaneous sums and not one after the other.
    assertThat(chosen(OFF.withNeighbourShare(0.39), 30, spans)).containsExactly(0, 20, 50);
  }

  @Test
  void chunksRememberScoresAndDecodeStepsDoNot() {
    SpanChoice choice = choice(OFF.withMemoryDecay(0.5), 10);
    Candidate old = span(0, 10, 0.9);
    assertThat(starts(choice.choose(List.of(old, span(20, 30, 0.1)), false))).containsExactly(0);
    // Not found now, but worth 0.45 still.
    assertThat(starts(choice.choose(List.of(span(20, 30, 0.35)), false))).containsExactly(0);
    // A decode step neither uses nor changes what is remembered: 0.225 and 0.35 / 2 + 0.025.
    assertThat(starts(choice.choose(List.of(span(20, 30, 0.01)), true))).containsExactly(20);
    // 0: 0.225; 20: (0.35 + 0.05) / 2 = 0.2, and 0.02 more are not enough.
    assertThat(starts(choice.choose(List.of(span(20, 30, 0.02)), false))).containsExactly(0);
    // 0: 0.1125; 20: (0.2 + 0.02) / 2 + 0.01 = 0.12.
    assertThat(starts(choice.choose(List.of(span(20, 30, 0.01)), false))).containsExactly(20);
  }

  @Test
  void whatTheQuestionChoseIsPinnedUpToItsShareBestFirst() {
    SpanChoice choice = choice(OFF.withPinnedShare(0.5), 40);
    assertThat(
            starts(
                choice.choose(
                    List.of(
                        span(0, 12, 0.9), span(20, 30, 0.8), span(40, 48, 0.7), span(60, 70, 0.6)),
                    false)))
        .containsExactly(0, 20, 40, 60);
    // Pinned are 0 (12 tokens) and 40 (8 more); 20 does not fit 20 tokens beside 0.
    List<Candidate> now =
        List.of(span(80, 90, 0.9), span(100, 110, 0.8), span(0, 12, 0.7), span(60, 70, 0.1));
    assertThat(starts(choice.choose(now, true))).containsExactly(0, 40, 80, 100);
    assertThat(starts(choice.choose(List.of(), true))).containsExactly(0, 40);
    // The next chunk chooses freely, and is what is pinned from then on.
    assertThat(starts(choice.choose(List.of(span(80, 90, 0.9)), false))).containsExactly(80);
    assertThat(starts(choice.choose(List.of(span(20, 50, 0.9)), true))).containsExactly(20, 80);
  }

  @Test
  void withoutPinsADecodeStepKeepsNothing() {
    SpanChoice choice = choice(OFF, 10);
    assertThat(starts(choice.choose(List.of(span(0, 10, 1)), false))).containsExactly(0);
    assertThat(starts(choice.choose(List.of(span(20, 30, 0.1)), true))).containsExactly(20);
  }

  @Test
  void spansAreTakenUntilTheyHoldTheShareOfTheMass() {
    Candidate[] spans = {
      span(0, 10, 0.5, 0.4), span(10, 20, 0.2, 0.3), span(20, 30, 0.2, 0.1), span(30, 40, 0.1, 0.2)
    };
    assertThat(chosen(OFF, 100, spans)).hasSize(4);
    assertThat(chosen(OFF.withMassThreshold(0.44), 100, spans)).containsExactly(0);
    assertThat(chosen(OFF.withMassThreshold(0.46), 100, spans)).containsExactly(0, 10);
    assertThat(chosen(OFF.withMassThreshold(0.99), 100, spans)).hasSize(4);
    assertThat(chosen(OFF.withMassThreshold(0.99), 25, spans)).containsExactly(0, 10);
  }

  @Test
  void pinnedSpansCountTowardsTheShareOfTheMass() {
    SpanChoice choice = choice(OFF.withMassThreshold(0.5).withPinnedShare(0.5), 40);
    assertThat(starts(choice.choose(List.of(span(0, 10, 0.9), span(20, 30, 0.1)), false)))
        .containsExactly(0);
    assertThat(starts(choice.choose(List.of(span(0, 10, 0.6), span(20, 30, 0.4)), true)))
        .containsExactly(0);
    assertThat(starts(choice.choose(List.of(span(0, 10, 0.3), span(20, 30, 0.7)), true)))
        .containsExactly(0, 20);
  }

  @Test
  void theLargestHeadDecidesUnderTheRuleMax() {
    Candidate[] spans = {span(0, 10, 0.3, 0.3, 0.3), span(10, 20, 0.6, 0.1, 0)};
    assertThat(chosen(OFF, 10, spans)).containsExactly(0);
    assertThat(chosen(OFF.withHeadRule(HeadRule.MAX), 10, spans)).containsExactly(10);
  }

  @Test
  void headsNameTheirBestSpansInTurnUnderTheRuleRank() {
    Candidate[] spans = {
      span(0, 10, 0.9, 0.1, 0),
      span(10, 20, 0.8, 0.05, 0),
      span(20, 30, 0.7, 0.2, 0),
      span(30, 40, 0, 0.01, 0),
      span(40, 50, 0.0, 0.0, 0.001)
    };
    assertThat(chosen(OFF, 30, spans)).containsExactly(0, 10, 20);
    LookupSettings rank = OFF.withHeadRule(HeadRule.RANK);
    assertThat(chosen(rank, 10, spans)).containsExactly(0);
    assertThat(chosen(rank, 20, spans)).containsExactly(0, 20);
    assertThat(chosen(rank, 30, spans)).containsExactly(0, 20, 40);
    // Head 0 again: 20 is named already, so 10. Then head 1: only 30 is left to it.
    assertThat(chosen(rank, 40, spans)).containsExactly(0, 10, 20, 40);
    assertThat(chosen(rank, 50, spans)).hasSize(5);
  }

  @Test
  void retrievalHeadsOfTheLayerWeighMore() {
    Candidate[] spans = {span(0, 10, 0.5, 0.1), span(10, 20, 0.1, 0.3)};
    LookupSettings weighted = OFF.withHeads(heads(new Head(0, 1))).withHeadWeight(4);
    assertThat(chosen(OFF.withHeads(heads(new Head(0, 1))), 10, spans)).containsExactly(0);
    assertThat(chosen(weighted, 10, spans)).containsExactly(10);
    assertThat(chosen(OFF.withHeads(heads(new Head(1, 1))).withHeadWeight(4), 10, spans))
        .containsExactly(0);
  }

  @Test
  void onlyMassAboveTheBackgroundCounts() {
    // All candidates have 100 tokens, so the long span's background is 0.8, the short one's 0.1.
    Candidate[] spans = {span(0, 80, 0.5, 0.5), span(80, 90, 0.3, 0.05), span(90, 100, 0.15, 0.15)};
    assertThat(chosen(OFF, 80, spans)).containsExactly(0);
    // 80: 0.2 + 0 (not 0.2 - 0.05); 90: 0.05 + 0.05.
    assertThat(chosen(OFF.withBackground(1), 10, spans)).containsExactly(80);
    assertThat(chosen(OFF.withBackground(0.5), 80, spans)).containsExactly(80, 90);
  }

  @Test
  void retrievalHeadsTellTheLayersAboveAndTheNextStepWhereTheyLook() {
    Votes votes = new Votes();
    LookupSettings settings = OFF.withHeads(heads(new Head(1, 1))).withVoteShare(2);
    SpanChoice lower = new SpanChoice(settings, 0, 10, votes);
    SpanChoice middle = new SpanChoice(settings, 1, 10, votes);
    SpanChoice upper = new SpanChoice(settings, 2, 10, votes);
    List<Candidate> found = List.of(span(0, 10, 0.3, 0), span(20, 30, 0.1, 0.1));
    votes.beginStep();
    assertThat(starts(lower.choose(found, false))).containsExactly(0);
    // Head 1 of this layer votes 0.2 for [22, 32); it does not hear itself.
    List<Candidate> ofMiddle = List.of(span(0, 10, 0.7, 0), span(22, 32, 0.0, 0.2));
    assertThat(starts(middle.choose(ofMiddle, false))).containsExactly(0);
    // Mean over [20, 30): 0.16; 0.2 + 2 * 0.16 > 0.3.
    assertThat(starts(upper.choose(found, false))).containsExactly(20);
    // The lower layer hears the step before, but only while decoding.
    votes.beginStep();
    assertThat(starts(lower.choose(found, false))).containsExactly(0);
    assertThat(starts(lower.choose(found, true))).containsExactly(20);
    // Nobody voted in that step.
    votes.beginStep();
    assertThat(starts(lower.choose(found, true))).containsExactly(0);
  }

  @Test
  void votesAreOneMoreVoterUnderTheRuleRank() {
    Votes votes = new Votes();
    votes.add(0, 10, 0.01);
    LookupSettings settings =
        OFF.withHeads(heads(new Head(9, 0))).withVoteShare(1).withHeadRule(HeadRule.RANK);
    List<Candidate> found = List.of(span(0, 10, 0.1), span(20, 30, 0.6), span(40, 50, 0.3));
    assertThat(starts(new SpanChoice(settings, 0, 20, votes).choose(found, false)))
        .containsExactly(0, 20);
    assertThat(starts(new SpanChoice(settings, 0, 20, new Votes()).choose(found, false)))
        .containsExactly(20, 40);
  }

  @Test
  void budgetsOfLayersAreTheirFactorsTimesTheBudget() {
    LookupSettings settings = OFF.withBudgetByLayer(List.of(0.5, 1.0, 1.5));
    assertThat(Stream.of(0, 1, 2).map(layer -> settings.budgetTokens(layer, 101)))
        .containsExactly(51, 101, 152);
    assertThat(settings.mostBudgetTokens(101)).isEqualTo(152);
    assertThat(OFF.mostBudgetTokens(101)).isEqualTo(101);
    assertThat(OFF.budgetTokens(7, 101)).isEqualTo(101);
    assertThatThrownBy(() -> settings.requireFits(4, 9))
        .hasMessage("budget-by-layer has 3 factors, but the model has 4 layers");
  }

  @Test
  void valuesThatMakeNoSenseAreRefusedByName() {
    refused(() -> OFF.withNeighbourShare(-1), "neighbour-share is -1 but must");
    refused(() -> OFF.withMemoryDecay(1), "memory-decay is 1 but must");
    refused(() -> OFF.withPinnedShare(1.5), "pinned-share is 1.5 but must");
    refused(() -> OFF.withMassThreshold(0), "mass-threshold is 0 but must");
    refused(() -> OFF.withHeadWeight(4), "unless heads-file names");
    refused(() -> OFF.withVoteShare(0.5), "vote-share is 0.5 but must be 0 unless heads-file");
    refused(() -> OFF.withBackground(Double.NaN), "background is NaN but must");
    refused(() -> OFF.withLookupEvery(0), "every is 0 but must");
    refused(() -> OFF.withLookupLag(2), "lag is 2 but must");
    refused(() -> OFF.withSeldomLayers(-1), "seldom-layers is -1 but must");
    refused(() -> OFF.withLookupAheadFrom(-1), "ahead-from is -1 but must");
    refused(() -> OFF.withLookupLag(1).withLookupAheadFrom(1), "ahead-from is 1 but must be 0");
    refused(
        () -> OFF.withHeads(heads(new Head(3, 9))).requireFits(4, 9), "heads-file names head 3.9");
  }

  private static void refused(Runnable settings, String message) {
    assertThatThrownBy(settings::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void identityNamesOnlyWhatIsNotTheDefault() {
    assertThat(OFF.identity()).isEmpty();
    assertThat(OFF.withHeads(heads(new Head(0, 1))).identity()).isEmpty();
    assertThat(
            OFF.withHeads(heads(new Head(3, 1), new Head(0, 2)))
                .withHeadWeight(4)
                .withBackground(5)
                .withHeadRule(HeadRule.RANK)
                .withSearch(new SearchRule(SearchRule.StageOne.MAX, false))
                .identity())
        .containsOnly(
            java.util.Map.entry("reading-lookup.head-weight", "4.0"),
            java.util.Map.entry("reading-lookup.retrieval-heads", "0.2 3.1"),
            java.util.Map.entry("reading-lookup.background", "5.0"),
            java.util.Map.entry("reading-lookup.head-rule", "rank"),
            java.util.Map.entry("reading-lookup.stage-one", "max"),
            java.util.Map.entry("reading-lookup.rescored", "false"));
  }
}
