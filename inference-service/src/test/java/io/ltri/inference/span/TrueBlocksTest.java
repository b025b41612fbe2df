package io.ltri.inference.span;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Maps whose blocks are known: the cuts must be found again. */
class TrueBlocksTest {

  private static final SpanSettings SETTINGS = new SpanSettings(8, 128, 1, 0, 4);
  private static final int SINK = 16;
  private static final int TOKENS = 1536;

  @ParameterizedTest
  @CsvSource({"0.45, 0.5, 1", "0.45, 0.5, 2", "0.20, 1.0, 3", "0.20, 1.0, 4"})
  void cutsOfTheBlocksAreFound(double mass, double noise, long seed) {
    List<Integer> truth = new ArrayList<>();
    double[][] map = Maps.blocks(new Random(seed), TOKENS, SINK, mass, noise, truth);
    Band band = Maps.band(map, SETTINGS.bandWidth(), SINK);
    List<Integer> found =
        Segmentation.segment(band, SINK, TOKENS, SETTINGS).stream().map(SpanRange::start).toList();

    double precision = share(found, truth);
    double recall = share(truth, found);
    double f1 = 2 * precision * recall / (precision + recall);
    assertThat(f1)
        .as(
            "F1 at mass %s noise %s seed %s, precision %s, recall %s",
            mass, noise, seed, precision, recall)
        .isGreaterThanOrEqualTo(0.9);
  }

  @ParameterizedTest
  @CsvSource({"0.45, 0.5, 5", "0.20, 1.0, 6"})
  void spansOfAStreamAreThoseOfTheWhole(double mass, double noise, long seed) {
    double[][] map = Maps.blocks(new Random(seed), TOKENS, SINK, mass, noise, new ArrayList<>());
    Band band = Maps.band(map, SETTINGS.bandWidth(), SINK);
    List<SpanRange> whole = Segmentation.segment(band, SINK, TOKENS, SETTINGS);
    List<SpanRange> closed = Segmentation.closable(band, SINK, TOKENS, SETTINGS);
    assertThat(whole).startsWith(closed.toArray(SpanRange[]::new));
    // Where blocks are clear, little more than one longest span and one block stays open.
    assertThat(TOKENS - closed.getLast().end()).isLessThan(2 * SETTINGS.longest());
  }

  /**
   * The share of cuts that have one of the others within two tokens; the text's start is no cut.
   */
  private static double share(List<Integer> cuts, List<Integer> others) {
    return cuts.stream()
        .skip(1)
        .mapToInt(cut -> others.stream().anyMatch(other -> Math.abs(cut - other) <= 2) ? 1 : 0)
        .average()
        .orElse(0);
  }
}
