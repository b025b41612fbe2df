package io.ltri.inference.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SegmentationTest {

  private static final SpanSettings SMALL = new SpanSettings(3, 8, 1, 0, 4);

  @Property(tries = 50)
  void triangleScoresEqualTheirDefinition(
      @ForAll long seed,
      @ForAll @IntRange(max = 5) int sink,
      @ForAll @IntRange(max = 20) int skip) {
    double[][] map = Maps.noise(new Random(seed), 40);
    Band band = Maps.band(map, 16, sink);
    int start = sink + skip;
    TriangleScores scores = new TriangleScores(band, start, SMALL);
    for (int end = start + 1; end <= map.length; end++) {
      scores.advance();
      for (int length = 1; length <= Math.min(8, end - start); length++) {
        assertThat(scores.ofLength(length))
            .isCloseTo(Maps.score(map, end - length, end, sink, SMALL), within(1e-9));
      }
    }
  }

  @Property(tries = 100)
  void noPartitionScoresHigher(
      @ForAll long seed,
      @ForAll @IntRange(min = 3, max = 22) int tokens,
      @ForAll @IntRange(max = 2) int variant) {
    SpanSettings settings =
        switch (variant) {
          case 0 -> SMALL;
          case 1 -> new SpanSettings(2, 5, 2, 0, 4);
          default -> new SpanSettings(3, 7, 1.2, 0.1, 4);
        };
    double[][] map = Maps.noise(new Random(seed), 4 + tokens);
    Band band = Maps.band(map, settings.bandWidth(), 4);
    List<SpanRange> spans = Segmentation.segment(band, 4, 4 + tokens, settings);

    double total = 0;
    for (SpanRange span : spans) {
      double score = Maps.score(map, span.start(), span.end(), 4, settings);
      assertThat(span.score()).isCloseTo((float) score, within(1e-5f));
      total += Math.max(score - settings.spanCost(), 0);
    }
    assertThat(total).isCloseTo(exhaustive(map, 4, 4 + tokens, settings), within(1e-9));
  }

  /** The highest total over every way to cut, by trying them all. */
  private static double exhaustive(double[][] map, int start, int end, SpanSettings settings) {
    if (start == end) {
      return 0;
    }
    double highest = Double.NEGATIVE_INFINITY;
    for (int cut = start + settings.shortest();
        cut <= Math.min(end, start + settings.longest());
        cut++) {
      double score = Maps.score(map, start, cut, 4, settings) - settings.spanCost();
      highest = Math.max(highest, Math.max(score, 0) + exhaustive(map, cut, end, settings));
    }
    return highest;
  }

  @Property(tries = 200)
  void spansCoverEveryTokenOnceWithinBounds(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 9) int shortest,
      @ForAll @IntRange(max = 30) int more,
      @ForAll @IntRange(min = 1, max = 300) int tokens,
      @ForAll @IntRange(max = 10) int rho) {
    SpanSettings settings = new SpanSettings(shortest, 2 * shortest - 1 + more, 1, rho * 0.1, 4);
    Band band = Maps.band(Maps.noise(new Random(seed), 7 + tokens), settings.longest(), 7);
    assertPartition(Segmentation.segment(band, 7, 7 + tokens, settings), 7, 7 + tokens, settings);
  }

  private static void assertPartition(
      List<SpanRange> spans, int start, int end, SpanSettings settings) {
    int at = start;
    for (SpanRange span : spans) {
      assertThat(span.start()).isEqualTo(at);
      at = span.end();
      if (end - start >= settings.shortest()) {
        assertThat(span.length()).isBetween(settings.shortest(), settings.longest());
      }
    }
    assertThat(at).isEqualTo(end);
  }

  @Property(tries = 60)
  void chunkingDoesNotChangeSpansNorVectors(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 120) int mostInGroup,
      @ForAll @IntRange(max = 2) int variant) {
    Random random = new Random(seed);
    // With a high theta nearly all is filler, and spans are closed by force.
    SpanSettings settings = variant == 0 ? new SpanSettings(3, 8, 3, 0, 4) : SMALL;
    int tokens = 400;
    double[][] map =
        variant < 2
            ? Maps.noise(random, tokens)
            : Maps.blocks(random, tokens, 5, 0.3, 1, new ArrayList<>());
    Band whole = Maps.band(map, settings.bandWidth(), 5);
    List<SpanRange> expected = Segmentation.closable(whole, 5, tokens, settings);
    List<ClosedSpan> expectedVectors =
        IndexVectors.summarise(whole, expected, keys(new Random(seed), tokens), settings);

    Band band = new Band(settings.bandWidth(), 5);
    List<SpanRange> spans = new ArrayList<>();
    List<ClosedSpan> vectors = new ArrayList<>();
    int window = random.nextInt(40); // Look-ahead in which spans are found, but not taken yet.
    int done = 5;
    while (band.endRow() < tokens) {
      int n = Math.min(random.nextInt(mostInGroup + 1), tokens - band.endRow());
      band.append(Maps.rows(map, settings.bandWidth(), band.endRow(), band.endRow() + n), n);
      if (band.endRow() <= done) {
        continue;
      }
      int leftWindow = band.endRow() - window;
      List<SpanRange> closed =
          Segmentation.closable(band, done, band.endRow(), settings).stream()
              .filter(span -> span.end() <= leftWindow)
              .toList();
      vectors.addAll(
          IndexVectors.summarise(band, closed, keys(new Random(seed), tokens), settings));
      spans.addAll(closed);
      done = closed.isEmpty() ? done : closed.getLast().end();
      band.dropBefore(done);
      assertThat(band.endRow() - done)
          .isLessThan(Math.max(Segmentation.openAtMost(settings) + 1, window + settings.longest()));
    }
    // The last ones may not have left the window.
    expected = expected.subList(0, spans.size());
    expectedVectors = expectedVectors.subList(0, spans.size());
    assertThat(spans).isEqualTo(expected);
    assertPartition(spans, 5, done, settings);
    assertThat(vectors).usingRecursiveComparison().isEqualTo(expectedVectors);
  }

  private static KeySource keys(Random random, int tokens) {
    float[] keys = new float[2 * tokens * 3];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = (float) random.nextGaussian();
    }
    return new KeySource(MemorySegment.ofArray(keys), 2, tokens, 3, 0);
  }

  @Test
  void closedSpansAreThoseOfEveryLongerText() {
    int known = 2 + Segmentation.openAtMost(SMALL); // Short enough that nothing is closed by force.
    int checked = 0;
    for (long seed = 0; seed < 60; seed++) {
      Random random = new Random(seed);
      double[][] map = Maps.blocks(random, known, 2, 0.6, 1, new ArrayList<>());
      List<SpanRange> closed =
          Segmentation.closable(Maps.band(map, SMALL.bandWidth(), 2), 2, known, SMALL);
      checked += closed.size();
      for (int trial = 0; trial < 10; trial++) {
        double[][] longer = Maps.blocks(random, known + 40, 2, 0.6, 1, new ArrayList<>());
        System.arraycopy(map, 0, longer, 0, known);
        Band band = Maps.band(longer, SMALL.bandWidth(), 2);
        for (int end = known; end <= longer.length; end += 5) {
          assertThat(Segmentation.segment(band, 2, end, SMALL).subList(0, closed.size()))
              .as("seed %d trial %d end %d", seed, trial, end)
              .isEqualTo(closed);
        }
      }
    }
    assertThat(checked).as("spans that were closed at all").isGreaterThan(60);
  }

  @Test
  void attentionWithoutAnyStructureStillCloses() {
    int tokens = 300;
    Band band = new Band(SMALL.bandWidth(), 4);
    band.append(new float[tokens * SMALL.bandWidth()], tokens);
    List<SpanRange> closed = Segmentation.closable(band, 4, tokens, SMALL);
    assertPartition(closed, 4, closed.getLast().end(), SMALL);
    assertThat(closed.getLast().end()).isGreaterThanOrEqualTo(tokens - 4 * SMALL.longest());
    assertThat(closed).allSatisfy(span -> assertThat(span.length()).isEqualTo(SMALL.longest()));
  }

  @Test
  void thetaBehindTheSinkCountsOnlyColumnsThatExist() {
    // Rows 3, 4, 5 behind a sink of 3: one, two, three columns, all alike, so nothing stands out.
    Band band = new Band(16, 3, 3);
    float[] rows = new float[3 * 16];
    for (int i = 0; i < 3; i++) {
      Arrays.fill(rows, i * 16, i * 16 + i + 1, 0.2f / (i + 1));
    }
    band.append(rows, 3);
    assertThat(Segmentation.segment(band, 3, 6, SMALL))
        .singleElement()
        .satisfies(span -> assertThat(span.score()).isCloseTo(0, within(1e-7f)));
  }

  @Test
  void thetaDoesNotDependOnWhereTheGroupStarts() {
    double[][] map = Maps.noise(new Random(8), 60);
    Band band = Maps.band(map, SMALL.bandWidth(), 0);
    // As one span each, for fewer tokens than the shortest allows.
    for (int start = 20; start < 40; start++) {
      SpanRange span = Segmentation.segment(band, start, start + 2, SMALL).getFirst();
      TriangleScores fromFarBefore = new TriangleScores(band, 10, SMALL);
      for (int row = 10; row < start + 2; row++) {
        fromFarBefore.advance();
      }
      assertThat(span.score()).isEqualTo((float) fromFarBefore.ofLength(2));
    }
  }

  @Test
  void fewTokensAreOneSpanAndNoneAreNone() {
    Band band = Maps.band(Maps.noise(new Random(3), 20), SMALL.bandWidth(), 4);
    assertThat(Segmentation.segment(band, 4, 6, SMALL)).hasSize(1);
    assertThat(Segmentation.segment(band, 9, 9, SMALL)).isEmpty();
    assertThat(Segmentation.closable(band, 4, 4, SMALL)).isEmpty();
    assertThat(Segmentation.closable(band, 4, 9, SMALL)).isEmpty();
  }

  @Test
  void whatIsNotInTheBandIsRefused() {
    Band band = Maps.band(Maps.noise(new Random(3), 20), SMALL.bandWidth(), 4);
    assertThatThrownBy(() -> Segmentation.segment(band, 3, 9, SMALL))
        .hasMessageContaining("the sink ends at 4");
    assertThatThrownBy(() -> Segmentation.segment(band, 4, 21, SMALL))
        .hasMessageContaining("rows [4, 21) are needed, but the band holds [0, 20)");
    assertThatThrownBy(() -> Segmentation.segment(band, 4, 9, SpanSettings.DEFAULT))
        .hasMessageContaining("the band is 16 wide");
  }

  @Test
  void settingsThatCannotWorkAreRefused() {
    assertThatThrownBy(() -> new SpanSettings(0, 8, 1, 0, 4)).hasMessageContaining("shortest");
    assertThatThrownBy(() -> new SpanSettings(8, 14, 1, 0, 4)).hasMessageContaining("at least 15");
    assertThatThrownBy(() -> new SpanSettings(8, 64, 0, 0, 4)).hasMessageContaining("theta");
    assertThatThrownBy(() -> new SpanSettings(8, 64, Double.NaN, 0, 4))
        .hasMessageContaining("theta");
    assertThatThrownBy(() -> new SpanSettings(8, 64, 1, -1, 4)).hasMessageContaining("cost");
    assertThatThrownBy(() -> new SpanSettings(8, 64, 1, 0, 0)).hasMessageContaining("dynamic");
  }
}
