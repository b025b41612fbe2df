package io.ltri.inference.span;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class IndexVectorsTest {

  private static final SpanSettings SETTINGS = new SpanSettings(3, 8, 1, 0, 4);
  private static final int SINK = 4;
  private static final int TOKENS = 60;
  private static final int HEADS = 3;
  private static final int DIM = 5;

  @Property(tries = 100)
  void votesAndConfidenceEqualTheirDefinition(
      @ForAll long seed,
      @ForAll @IntRange(min = SINK, max = TOKENS - 8) int start,
      @ForAll @IntRange(min = 1, max = 8) int length) {
    double[][] map = Maps.noise(new Random(seed), TOKENS);
    int end = start + length;
    IndexVectors.Standing standing =
        IndexVectors.standing(
            Maps.band(map, SETTINGS.bandWidth(), SINK), new SpanRange(start, end, 0), SETTINGS);

    int before = Math.max(SINK, start - SETTINGS.longest());
    int after = Math.min(TOKENS, end + SETTINGS.longest());
    for (int token = start; token < end; token++) {
      int column = token;
      double votes =
          IntStream.range(token, after).mapToDouble(i -> map[i][column]).average().orElseThrow();
      assertThat(standing.votes()[token - start]).isCloseTo((float) votes, within(1e-6f));
    }
    double in = 0;
    double cross = 0;
    int inCells = 0;
    int crossCells = 0;
    for (int i = 0; i < TOKENS; i++) {
      for (int j = SINK; j <= i; j++) {
        boolean rowInSpan = i >= start && i < end;
        boolean columnInSpan = j >= start && j < end;
        if (rowInSpan && columnInSpan) {
          in += map[i][j];
          inCells++;
        } else if ((rowInSpan && j >= before && j < start)
            || (columnInSpan && i >= end && i < after)) {
          cross += map[i][j];
          crossCells++;
        }
      }
    }
    double confidence = (in / inCells) / (in / inCells + cross / crossCells);
    assertThat(standing.confidence())
        .isCloseTo((float) confidence, within(1e-5f))
        .isBetween(0f, 1f);
  }

  @Test
  void theMoreConfidentTheFewerVectors() {
    assertThat(IndexVectors.dynamicVectors(1f, 20, SETTINGS)).isEqualTo(1);
    assertThat(IndexVectors.dynamicVectors(0.75f, 20, SETTINGS)).isEqualTo(1);
    assertThat(IndexVectors.dynamicVectors(0.74f, 20, SETTINGS)).isEqualTo(2);
    assertThat(IndexVectors.dynamicVectors(0.5f, 20, SETTINGS)).isEqualTo(2);
    assertThat(IndexVectors.dynamicVectors(0.3f, 20, SETTINGS)).isEqualTo(3);
    assertThat(IndexVectors.dynamicVectors(0f, 20, SETTINGS)).isEqualTo(4);
    assertThat(IndexVectors.dynamicVectors(0f, 3, SETTINGS)).isEqualTo(3);
  }

  @Test
  void aSpanCutOffFromItsNeighboursIsFullyConfident() {
    double[][] map = new double[TOKENS][TOKENS];
    for (int i = 20; i < 26; i++) {
      for (int j = 20; j <= i; j++) {
        map[i][j] = 0.5 / (i - 19);
      }
    }
    ClosedSpan span = summarise(map, new SpanRange(20, 26, 1), keys(1, 0));
    assertThat(span.confidence()).isEqualTo(1);
    assertThat(span.vectorCount()).isEqualTo(2);
  }

  @Property(tries = 50)
  void vectorsAreTheMeanThenTheMostVotedKeys(
      @ForAll long seed, @ForAll @IntRange(max = 20) int base) {
    double[][] map = Maps.noise(new Random(seed), TOKENS);
    SpanRange span = new SpanRange(30, 37, 0.25f);
    Band band = Maps.band(map, SETTINGS.bandWidth(), SINK);
    float[] votes = IndexVectors.standing(band, span, SETTINGS).votes();
    KeySource keys = keys(seed, base);
    ClosedSpan closed = IndexVectors.summarise(band, List.of(span), keys, SETTINGS).getFirst();

    assertThat(closed.start()).isEqualTo(30);
    assertThat(closed.end()).isEqualTo(37);
    assertThat(closed.score()).isEqualTo(0.25f);
    int dynamic = IndexVectors.dynamicVectors(closed.confidence(), 7, SETTINGS);
    assertThat(closed.vectorCount()).isEqualTo(1 + dynamic);
    assertThat(closed.vectors()).hasSize((1 + dynamic) * HEADS * DIM);
    List<Integer> ranked =
        IntStream.range(0, 7)
            .boxed()
            .sorted((a, b) -> Float.compare(votes[b], votes[a]))
            .limit(dynamic)
            .toList();
    double allVotes = IntStream.range(0, 7).mapToDouble(t -> votes[t]).sum();
    for (int head = 0; head < HEADS; head++) {
      for (int i = 0; i < DIM; i++) {
        int h = head;
        int d = i;
        double mean =
            IntStream.range(30, 37).mapToDouble(t -> key(keys, h, t, d)).average().orElseThrow();
        assertThat(vector(closed, 0, head, i)).isCloseTo((float) mean, within(1e-6f));
        if (dynamic == 1) {
          double weighted =
              IntStream.range(0, 7)
                  .mapToDouble(t -> votes[t] / allVotes * key(keys, h, 30 + t, d))
                  .sum();
          assertThat(vector(closed, 1, head, i)).isCloseTo((float) weighted, within(1e-6f));
        } else {
          for (int n = 0; n < dynamic; n++) {
            assertThat(vector(closed, 1 + n, head, i))
                .isEqualTo(key(keys, head, 30 + ranked.get(n), i));
          }
        }
      }
    }
  }

  @Test
  void otherFormsTakeTheKeysTheyName() {
    double[][] map = Maps.noise(new Random(9), TOKENS);
    SpanRange span = new SpanRange(30, 50, 0);
    SpanSettings wide = new SpanSettings(3, 30, 1, 0, 4);
    Band band = Maps.band(map, wide.bandWidth(), SINK);
    KeySource keys = keys(9, 0);
    ClosedSpan dynamic = summarise(band, span, keys, wide, VectorForm.DYNAMIC);
    int step = HEADS * DIM;

    ClosedSpan mean = summarise(band, span, keys, wide, VectorForm.STATIC);
    assertThat(mean.vectorCount()).isEqualTo(1);
    assertThat(mean.vectors()).isEqualTo(Arrays.copyOf(dynamic.vectors(), step));

    ClosedSpan voted = summarise(band, span, keys, wide, VectorForm.VOTED);
    assertThat(voted.vectorCount()).isEqualTo(dynamic.vectorCount() - 1);
    assertThat(voted.vectors())
        .isEqualTo(Arrays.copyOfRange(dynamic.vectors(), step, dynamic.vectors().length));

    ClosedSpan every = summarise(band, span, keys, wide, VectorForm.EVERY_KEY);
    assertThat(every.vectorCount()).isEqualTo(20);
    ClosedSpan parts = summarise(band, span, keys, wide, VectorForm.SUB_MEANS);
    assertThat(parts.vectorCount()).isEqualTo(3);
    assertThat(parts.confidence()).isEqualTo(dynamic.confidence());
    for (int head = 0; head < HEADS; head++) {
      for (int i = 0; i < DIM; i++) {
        int h = head;
        int d = i;
        for (int n = 0; n < 20; n++) {
          assertThat(vector(every, n, head, i)).isEqualTo(key(keys, head, 30 + n, i));
        }
        for (int n = 0; n < 3; n++) {
          double expected =
              IntStream.range(30 + 8 * n, Math.min(50, 38 + 8 * n))
                  .mapToDouble(t -> key(keys, h, t, d))
                  .average()
                  .orElseThrow();
          assertThat(vector(parts, n, head, i)).isCloseTo((float) expected, within(1e-6f));
        }
      }
    }
  }

  private static ClosedSpan summarise(
      Band band, SpanRange span, KeySource keys, SpanSettings settings, VectorForm form) {
    return IndexVectors.summarise(band, List.of(span), keys, settings.with(form)).getFirst();
  }

  @Test
  void withoutAnyAttentionTheVectorsAreStillKeys() {
    ClosedSpan span = summarise(new double[TOKENS][TOKENS], new SpanRange(20, 26, 0), keys(2, 0));
    assertThat(span.confidence()).isZero();
    assertThat(span.vectorCount()).isEqualTo(5);
    assertThat(vector(span, 1, 0, 0)).isEqualTo(key(keys(2, 0), 0, 20, 0));
    assertThat(span.vectors()).doesNotContain(Float.NaN);
  }

  @Test
  void keysThatAreNotThereAreRefused() {
    Band band = Maps.band(Maps.noise(new Random(1), TOKENS), SETTINGS.bandWidth(), SINK);
    KeySource keys = keys(1, 20);
    assertThatThrownBy(
            () -> IndexVectors.summarise(band, List.of(new SpanRange(18, 24, 0)), keys, SETTINGS))
        .hasMessageContaining("tokens [18, 24)")
        .hasMessageContaining("[20, 80)");
    assertThatThrownBy(
            () -> IndexVectors.summarise(band, List.of(new SpanRange(20, 29, 0)), keys, SETTINGS))
        .hasMessageContaining("longer than the settings allow");
    assertThatThrownBy(() -> new KeySource(MemorySegment.ofArray(new float[5]), 1, 2, 3, 0))
        .hasMessageContaining("24 bytes");
  }

  private static ClosedSpan summarise(double[][] map, SpanRange span, KeySource keys) {
    return IndexVectors.summarise(
            Maps.band(map, SETTINGS.bandWidth(), SINK), List.of(span), keys, SETTINGS)
        .getFirst();
  }

  private static KeySource keys(long seed, int base) {
    Random random = new Random(seed);
    float[] keys = new float[HEADS * TOKENS * DIM];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = (float) random.nextGaussian();
    }
    return new KeySource(MemorySegment.ofArray(keys), HEADS, TOKENS, DIM, base);
  }

  private static float key(KeySource keys, int head, int position, int i) {
    long index = ((long) head * TOKENS + position - keys.base()) * DIM + i;
    return keys.keys().getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  private static float vector(ClosedSpan span, int n, int head, int i) {
    return span.vectors()[(n * HEADS + head) * DIM + i];
  }
}
