package io.ltri.inference.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every segmenter promises, and the rule of each. */
class SegmentersTest {
  private static final int SINK = 5;
  private static final int TOKENS = 300;
  private static final SpanSettings SMALL = new SpanSettings(3, 8, 1, 0, 4);

  private static SpanSettings settings(SegmenterName name, double overlap) {
    return SMALL.with(new Cutting(name, overlap, 5, 0.5, 20));
  }

  /** Random numbers that serve as surprisals and, where positive, as sentence ends. */
  private static float[] signal(Random random) {
    float[] signal = new float[TOKENS];
    for (int i = 0; i < signal.length; i++) {
      signal[i] = random.nextInt(9) == 0 ? 3 + random.nextFloat() : 0;
    }
    signal[0] = Float.NaN;
    return signal;
  }

  private static TokenSignal held(float[] values) {
    TokenSignal signal = new TokenSignal(0);
    signal.append(values);
    return signal;
  }

  private static void assertPartition(List<SpanRange> spans, SpanSettings settings) {
    int at = SINK;
    for (SpanRange span : spans) {
      assertThat(span.start()).isEqualTo(at);
      assertThat(span.length()).isBetween(settings.shortest(), settings.longest());
      at = span.end();
    }
  }

  @Property(tries = 120)
  void spansCoverEveryTokenOnceWithinBoundsHoweverTheTextIsChunked(
      @ForAll long seed,
      @ForAll SegmenterName name,
      @ForAll boolean overlapping,
      @ForAll @IntRange(min = 1, max = 90) int mostInGroup,
      @ForAll @IntRange(max = 40) int window) {
    SpanSettings settings = settings(name, overlapping ? 0.3 : 0);
    Random random = new Random(seed);
    double[][] map =
        seed % 2 == 0
            ? Maps.noise(random, TOKENS)
            : Maps.blocks(random, TOKENS, SINK, 0.3, 1, new ArrayList<>());
    float[] values = signal(random);
    Segmenter whole = Segmenter.of(settings, held(values), 3);
    List<SpanRange> expected =
        whole.closable(Maps.band(map, settings.bandWidth(), SINK), SINK, TOKENS);
    assertPartition(expected, settings);
    assertThat(TOKENS - expected.getLast().end())
        .isLessThanOrEqualTo(Segmentation.openAtMost(settings));
    for (SpanRange span : expected) {
      assertThat(span.end() + settings.longest()).isLessThanOrEqualTo(TOKENS);
      assertThat(span.score())
          .isCloseTo(
              (float) Maps.score(map, span.start(), span.end(), SINK, settings), within(1e-5f));
    }

    TokenSignal signal = new TokenSignal(0);
    Segmenter chunked = Segmenter.of(settings, signal, 3);
    Band band = new Band(settings.bandWidth(), SINK);
    List<SpanRange> spans = new ArrayList<>();
    int done = SINK;
    while (band.endRow() < TOKENS) {
      int n = Math.min(1 + random.nextInt(mostInGroup), TOKENS - band.endRow());
      for (int i = 0; i < n; i++) {
        signal.append(values[band.endRow() + i]);
      }
      band.append(Maps.rows(map, settings.bandWidth(), band.endRow(), band.endRow() + n), n);
      if (band.endRow() <= done) {
        continue;
      }
      int leftWindow = band.endRow() - window;
      for (SpanRange span : chunked.closable(band, done, band.endRow())) {
        if (span.end() <= leftWindow) {
          spans.add(span);
          done = span.end();
        }
      }
      band.dropBefore(done);
      signal.dropBefore(done - settings.cutting().surpriseWindowTokens());
    }
    assertThat(spans).isEqualTo(expected.subList(0, spans.size()));
    assertThat(spans).isNotEmpty();
  }

  @Test
  void uniformSpansHaveOneLength() {
    assertThat(close(settings(SegmenterName.UNIFORM, 0), new float[TOKENS], 0))
        .allSatisfy(span -> assertThat(span.length()).isEqualTo(5));
  }

  @Test
  void randomLengthsFillTheRangeAroundTheMeanAndDifferByLayer() {
    SpanSettings settings = settings(SegmenterName.RANDOM, 0);
    double sum = 0;
    boolean[] seen = new boolean[9];
    List<List<SpanRange>> layers = new ArrayList<>();
    for (int layer = 0; layer < 40; layer++) {
      List<SpanRange> spans = close(settings, new float[TOKENS], layer);
      layers.add(spans);
      for (SpanRange span : spans) {
        seen[span.length()] = true;
      }
      sum += spans.stream().mapToInt(SpanRange::length).average().orElseThrow();
    }
    assertThat(sum / 40).isCloseTo(5, within(0.1));
    // 3 to 7: the widest range around 5 within 3 to 8.
    assertThat(IntStream.range(0, 9).filter(length -> seen[length])).containsExactly(3, 4, 5, 6, 7);
    assertThat(layers.get(0)).isNotEqualTo(layers.get(1));
    assertThat(close(settings, new float[TOKENS], 0)).isEqualTo(layers.get(0));
  }

  @Test
  void sentencesEndSpansUnlessTooShortOrTooLong() {
    float[] ends = new float[TOKENS];
    // From 5: 9 tokens would be too long, and 8 would leave one; so 6, then the 3 up to the end.
    ends[13] = 1;
    // Two tokens after that: too short a span, so this end is passed over for the next.
    ends[15] = 1;
    ends[18] = 1;
    List<SpanRange> spans = close(settings(SegmenterName.SENTENCE, 0), ends, 0);
    assertThat(spans.stream().limit(5).map(SpanRange::end)).containsExactly(11, 14, 19, 27, 35);
  }

  @Test
  void anEventBeginsWithASurprisingToken() {
    float[] surprisals = new float[TOKENS];
    for (int i = 0; i < TOKENS; i++) {
      surprisals[i] = i % 2;
    }
    // Mean 0.5, deviation 0.5 over ten tokens: above 0.5 + 0.5 * 1.5 is a surprise. Once the
    // token at 11 is among them, above 1.32.
    surprisals[11] = 1.2f;
    surprisals[17] = 1.5f;
    SpanSettings settings = SMALL.with(new Cutting(SegmenterName.SURPRISE, 0, 5, 1.5, 10));
    List<SpanRange> spans = close(settings, surprisals, 0);
    // No break at 11; the one at 17 is 4 tokens after the longest span.
    assertThat(spans.stream().limit(3).map(SpanRange::end)).containsExactly(13, 17, 25);
  }

  @Test
  void surpriseComparesWithTheWindowBeforeTheToken() {
    Random random = new Random(4);
    float[] surprisals = new float[TOKENS];
    for (int i = 0; i < TOKENS; i++) {
      surprisals[i] = random.nextInt(20) == 0 ? Float.NaN : (float) (5 * random.nextDouble());
    }
    Surprise surprise =
        new Surprise(new Cutting(SegmenterName.SURPRISE, 0, 5, 0.8, 16), held(surprisals));
    int surprises = 0;
    for (int position = 0; position < TOKENS; position++) {
      double[] before =
          IntStream.range(Math.max(0, position - 16), position)
              .mapToDouble(p -> surprisals[p])
              .filter(s -> !Double.isNaN(s))
              .toArray();
      boolean expected = false;
      if (before.length >= 2) {
        double mean = IntStream.range(0, before.length).mapToDouble(i -> before[i]).sum();
        mean /= before.length;
        double variance = 0;
        for (double b : before) {
          variance += (b - mean) * (b - mean) / before.length;
        }
        expected = surprisals[position] > mean + 0.8 * Math.sqrt(variance);
      }
      assertThat(surprise.at(position)).as("token %d", position).isEqualTo(expected);
      surprises += expected ? 1 : 0;
    }
    assertThat(surprises).isBetween(20, 200);
  }

  private static List<SpanRange> close(SpanSettings settings, float[] signal, int layer) {
    Band band = new Band(settings.bandWidth(), SINK);
    band.append(new float[TOKENS * settings.bandWidth()], TOKENS);
    List<SpanRange> spans =
        Segmenter.of(settings, held(signal), layer).closable(band, SINK, TOKENS);
    assertPartition(spans, settings);
    return spans;
  }

  @ParameterizedTest
  @EnumSource(ThetaForm.class)
  void scoresEqualTheirDefinitionUnderEveryTheta(ThetaForm theta) {
    SpanSettings settings =
        new SpanSettings(3, 8, 1, 0, 4, theta, 0.05, Cutting.DEFAULT, VectorForm.DYNAMIC, 1);
    double[][] map = Maps.noise(new Random(5), 60);
    Band band = Maps.band(map, settings.bandWidth(), SINK);
    for (int start = SINK; start < 50; start++) {
      for (int length = 1; length <= 8; length++) {
        assertThat(TriangleScores.of(band, start, start + length, settings))
            .isCloseTo(
                (float) Maps.score(map, start, start + length, SINK, settings), within(1e-5f));
      }
    }
  }

  @Test
  void theMeanOfBandsIsTheMeanOfTheirCells() {
    Random random = new Random(6);
    double[][] left = Maps.noise(random, 40);
    double[][] right = Maps.noise(random, 40);
    Band mean = Band.mean(List.of(Maps.band(left, 16, SINK), Maps.band(right, 16, SINK)), 12);
    assertThat(mean.firstRow()).isEqualTo(12);
    assertThat(mean.endRow()).isEqualTo(40);
    for (int row = 12; row < 40; row++) {
      for (int offset = 0; offset < 16; offset++) {
        int column = row - offset;
        double expected = column < SINK ? 0 : (left[row][column] + right[row][column]) / 2;
        assertThat((double) mean.at(row, offset)).isCloseTo(expected, within(1e-6));
      }
    }
  }

  @Test
  void aSignalHoldsWhatWasNotDropped() {
    TokenSignal signal = new TokenSignal(10);
    signal.append(1, 2, 3);
    signal.dropBefore(5);
    signal.append(4);
    signal.dropBefore(12);
    signal.append(5);
    assertThat(signal.toArray()).containsExactly(3, 4, 5);
    assertThat(signal.at(13)).isEqualTo(4);
    assertThatThrownBy(() -> signal.at(11)).hasMessageContaining("holds those of [12, 15)");
    signal.dropBefore(99);
    assertThat(signal.first()).isEqualTo(15);
    assertThat(signal.end()).isEqualTo(15);
  }

  @Test
  void figuresThatCannotWorkAreRefusedByName() {
    assertThatThrownBy(() -> settings(SegmenterName.NMS, 1)).hasMessageContaining("nms-overlap");
    assertThatThrownBy(() -> new Cutting(SegmenterName.UNIFORM, 0, 0, 1, 9))
        .hasMessageContaining("span-uniform-tokens");
    assertThatThrownBy(() -> new Cutting(SegmenterName.SURPRISE, 0, 5, Double.NaN, 9))
        .hasMessageContaining("surprise-factor");
    assertThatThrownBy(() -> new Cutting(SegmenterName.SURPRISE, 0, 5, 1, 1))
        .hasMessageContaining("surprise-window-tokens");
    assertThatThrownBy(() -> SMALL.with(SegmenterName.UNIFORM))
        .hasMessageContaining("span-uniform-tokens is 18")
        .hasMessageContaining("span-longest (8)");
    assertThatThrownBy(
            () ->
                new SpanSettings(
                    3, 8, 1, 0, 4, ThetaForm.CONSTANT, 0, Cutting.DEFAULT, VectorForm.STATIC, 1))
        .hasMessageContaining("theta-constant");
    assertThatThrownBy(
            () ->
                new SpanSettings(
                    3, 8, 1, 0, 4, ThetaForm.BAND, 0.1, Cutting.DEFAULT, VectorForm.STATIC, 0))
        .hasMessageContaining("span-layer-group");
  }
}
