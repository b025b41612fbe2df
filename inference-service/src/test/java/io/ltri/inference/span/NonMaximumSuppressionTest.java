package io.ltri.inference.span;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class NonMaximumSuppressionTest {
  private static final double THETA = 0.1;

  private static SpanSettings settings(int shortest, int longest, double overlap) {
    return new SpanSettings(
        shortest,
        longest,
        1,
        0,
        4,
        ThetaForm.CONSTANT,
        THETA,
        new Cutting(SegmenterName.NMS, overlap, 18, 1, 512),
        VectorForm.DYNAMIC,
        1);
  }

  /** A map with blocks of [start, end) whose cells are all worth {@code value}. */
  private static Band blocks(int tokens, int width, double value, int... bounds) {
    double[][] map = new double[tokens][tokens];
    for (int b = 0; b < bounds.length; b += 2) {
      for (int i = bounds[b]; i < bounds[b + 1]; i++) {
        for (int j = bounds[b]; j <= i; j++) {
          map[i][j] = Math.max(map[i][j], value);
        }
      }
    }
    return Maps.band(map, width, 0);
  }

  private static List<Integer> ends(Band band, int tokens, SpanSettings settings) {
    return new NonMaximumSuppression(settings)
        .partition(band, 0, tokens).stream().map(SpanRange::end).toList();
  }

  @Test
  void blocksAreSpansAndGapsAreFillers() {
    SpanSettings settings = settings(2, 8, 0);
    assertThat(ends(blocks(20, 16, 0.2, 0, 6, 9, 15), 20, settings)).containsExactly(6, 9, 15, 20);
  }

  @Test
  void aShortGapJoinsTheNeighbourThatScoresBetter() {
    SpanSettings settings = settings(3, 8, 0);
    // Two tokens between blocks of 4 and 6: to the larger one.
    assertThat(ends(blocks(12, 16, 0.2, 0, 4, 6, 12), 12, settings)).containsExactly(4, 12);
    assertThat(ends(blocks(12, 16, 0.2, 0, 6, 8, 12), 12, settings)).containsExactly(8, 12);
  }

  @Test
  void aBlockLongerThanTheLongestIsTakenAsFarAsItGoes() {
    SpanSettings settings = settings(3, 8, 0);
    // 10 tokens in one block: 8 are taken, 2 are too few and join them; 10 are too many, and the
    // cut that loses least leaves as short a part as is allowed.
    assertThat(ends(blocks(10, 16, 0.2, 0, 10), 10, settings)).containsExactly(3, 10);
  }

  @Test
  void aLongGapIsCutEvenly() {
    SpanSettings settings = settings(2, 8, 0);
    List<Integer> ends = ends(blocks(20, 16, 0), 20, settings);
    assertThat(ends).hasSizeBetween(3, 4).endsWith(20);
  }

  @Test
  void withOverlapAllowedTheLaterSpanKeepsWhatIsNotCovered() {
    double[][] map = new double[16][16];
    for (int i = 0; i < 16; i++) {
      for (int j = 0; j <= i; j++) {
        boolean first = i < 8;
        boolean second = j >= 6;
        map[i][j] = first ? 0.3 : second ? 0.2 : 0;
      }
    }
    Band band = Maps.band(map, 20, 0);
    // [0, 8) scores 7.2. [6, 16) is next by score among what overlaps it by no more than .125 (2
    // of 16 tokens): it keeps [8, 16).
    assertThat(ends(band, 16, settings(2, 10, 0.125))).containsExactly(8, 16);
    assertThat(ends(band, 16, settings(2, 10, 0))).containsExactly(8, 16);
  }

  /** The rule, transcribed without any cleverness: take, in order of score, what may be taken. */
  @Property(tries = 60)
  void everyTakenSpanIsTheBestThatWasLeft(
      @ForAll long seed, @ForAll @IntRange(min = 12, max = 40) int tokens) {
    SpanSettings settings = settings(1, 6, 0);
    double[][] map = Maps.noise(new Random(seed), tokens);
    Band band = Maps.band(map, settings.bandWidth(), 0);
    boolean[] covered = new boolean[tokens];
    List<SpanRange> expected = new ArrayList<>();
    while (true) {
      SpanRange best = null;
      for (int x = 0; x < tokens; x++) {
        for (int y = x + 1; y <= Math.min(tokens, x + 6) && !covered[y - 1]; y++) {
          float score = (float) Maps.score(map, x, y, 0, settings);
          if (score > 0
              && (best == null
                  || score > best.score()
                  || (score == best.score() && x == best.start()))) {
            best = new SpanRange(x, y, score);
          }
        }
      }
      if (best == null) {
        break;
      }
      expected.add(best);
      for (int i = best.start(); i < best.end(); i++) {
        covered[i] = true;
      }
    }
    List<SpanRange> spans = new NonMaximumSuppression(settings).partition(band, 0, tokens);
    // With spans of one token allowed nothing is joined; what was taken is there, the rest fills.
    assertThat(spans.stream().map(s -> List.of(s.start(), s.end())).toList())
        .containsAll(expected.stream().map(s -> List.of(s.start(), s.end())).toList());
    assertThat(expected).isNotEmpty();
  }
}
