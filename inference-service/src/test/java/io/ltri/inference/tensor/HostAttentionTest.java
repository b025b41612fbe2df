package io.ltri.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostAttentionTest {

  private static final int CAPACITY = 700;

  private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  private static DecoderShape shape(int queryHeads, int kvHeads, int headDim) {
    return RandomModel.shape(
        1, 64, queryHeads, kvHeads, headDim, 96, 59, true, false, false, false);
  }

  private record Result(float[] heads, float[] band) {}

  /** An arena of random entries, rounded as bfloat16 storage rounds. */
  private KvArena arena(DecoderShape shape, StorageType storage, LongAdder bytes) {
    KvArena arena = new KvArena(manager, shape, CAPACITY, storage, bytes);
    Random random = new Random(7);
    for (long i = 0; i < arena.keys().byteSize() / 4; i++) {
      set(arena, i, (float) random.nextGaussian(), (float) random.nextGaussian());
    }
    arena.changed(0, CAPACITY);
    return arena;
  }

  private static void set(KvArena arena, long i, float key, float value) {
    arena.keys().setAtIndex(ValueLayout.JAVA_FLOAT, i, TokenRow.toBfloat16(key));
    arena.values().setAtIndex(ValueLayout.JAVA_FLOAT, i, TokenRow.toBfloat16(value));
  }

  private static float[] queries(DecoderShape shape) {
    Random random = new Random(8);
    float[] queries = new float[shape.queryHeads() * shape.headDim()];
    for (int i = 0; i < queries.length; i++) {
      queries[i] = (float) random.nextGaussian() / 2;
    }
    return queries;
  }

  private Result attend(
      DecoderShape shape, KvArena arena, int from, int length, int seen, int threads) {
    RotationTable table = RotationTable.of(shape.inverseFrequencies(), CAPACITY, manager);
    HostEntries entries = arena.entries(from, length, table);
    assertThat(entries).isNotNull();
    float[] heads = new float[shape.queryHeads() * shape.headDim()];
    float[] band = new float[seen];
    try (Crew crew = new Crew(threads)) {
      new HostAttention(shape)
          .attend(
              entries,
              new OneQuery(0, arena, from, length, table, queries(shape), seen, band),
              heads,
              crew);
    }
    return new Result(heads, band);
  }

  /** In double precision, entry by entry. */
  private Result bruteForce(DecoderShape shape, KvArena arena, int from, int length, int seen) {
    RotationTable table = RotationTable.of(shape.inverseFrequencies(), CAPACITY, manager);
    int dim = shape.headDim();
    int group = shape.queryHeads() / shape.kvHeads();
    float[] queries = queries(shape);
    float[] heads = new float[shape.queryHeads() * dim];
    double[] band = new double[seen];
    for (int head = 0; head < shape.queryHeads(); head++) {
      double[] weights = new double[length];
      double sum = 0;
      for (int i = 0; i < length; i++) {
        long at = ((long) head / group * CAPACITY + from + i) * dim;
        float[] key = new float[dim];
        float[] turned = new float[dim];
        for (int d = 0; d < dim; d++) {
          key[d] = arena.keys().getAtIndex(ValueLayout.JAVA_FLOAT, at + d);
        }
        table.rotate(key, turned, 0, from + i);
        double score = 0;
        for (int d = 0; d < dim; d++) {
          score += (double) queries[head * dim + d] * turned[d];
        }
        weights[i] = Math.exp(score);
        sum += weights[i];
      }
      for (int d = 0; d < dim; d++) {
        double value = 0;
        for (int i = 0; i < length; i++) {
          long at = ((long) head / group * CAPACITY + from + i) * dim;
          value += weights[i] / sum * arena.values().getAtIndex(ValueLayout.JAVA_FLOAT, at + d);
        }
        heads[head * dim + d] = (float) value;
      }
      for (int o = 0; o < seen; o++) {
        band[o] += weights[length - 1 - o] / sum / shape.queryHeads();
      }
    }
    float[] mean = new float[seen];
    for (int o = 0; o < seen; o++) {
      mean[o] = (float) band[o];
    }
    return new Result(heads, mean);
  }

  private static void assertClose(float[] actual, float[] expected, double tolerance) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat((double) actual[i]).as("at %s", i).isCloseTo(expected[i], within(tolerance));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "9, 3, 64, 0, 700",
    "9, 3, 64, 37, 600",
    "9, 3, 64, 250, 13",
    "4, 4, 16, 255, 1",
    "8, 2, 32, 3, 256",
    "14, 2, 64, 129, 514",
    "6, 1, 8, 0, 300"
  })
  void isAttentionOverTheEntries(int queryHeads, int kvHeads, int headDim, int from, int length) {
    DecoderShape shape = shape(queryHeads, kvHeads, headDim);
    int seen = Math.min(length, 128);
    try (KvArena arena = arena(shape, StorageType.BF16, new LongAdder())) {
      Result expected = bruteForce(shape, arena, from, length, seen);

      Result alone = attend(shape, arena, from, length, seen, 1);

      // Rotated keys have 11 bits.
      assertClose(alone.heads(), expected.heads(), 2e-3);
      assertClose(alone.band(), expected.band(), 1e-3);
      Result shared = attend(shape, arena, from, length, seen, 3);
      assertThat(shared.heads()).containsExactly(alone.heads());
      assertThat(shared.band()).containsExactly(alone.band());
    }
  }

  @Test
  void entriesThatHaveChangedAreTakenOver() {
    DecoderShape shape = shape(9, 3, 64);
    try (KvArena arena = arena(shape, StorageType.BF16, new LongAdder())) {
      Result before = attend(shape, arena, 0, 600, 0, 1);
      for (int head = 0; head < 3; head++) {
        for (int entry = 250; entry < 261; entry++) {
          for (int d = 0; d < 64; d++) {
            set(arena, (head * (long) CAPACITY + entry) * 64 + d, d % 7 / 4f, entry);
          }
        }
      }
      arena.changed(250, 11);

      Result after = attend(shape, arena, 0, 600, 0, 1);

      assertThat(after.heads()).isNotEqualTo(before.heads());
      assertClose(after.heads(), bruteForce(shape, arena, 0, 600, 0).heads(), 0.1);
    }
  }

  @Test
  void farScoresNeitherOverflowNorVanish() {
    DecoderShape shape = shape(3, 1, 64);
    try (KvArena arena = arena(shape, StorageType.BF16, new LongAdder())) {
      for (int entry = 0; entry < 600; entry++) {
        for (int d = 0; d < 64; d++) {
          set(arena, entry * 64L + d, entry < 300 ? 40 : -40, entry < 300 ? 1 : 3);
        }
      }
      arena.changed(0, CAPACITY);

      assertClose(
          attend(shape, arena, 0, 600, 0, 1).heads(),
          bruteForce(shape, arena, 0, 600, 0).heads(),
          1e-3);
    }
  }

  @Test
  void whatHalvesCannotHoldIsLeftToTheTensorLibrary() {
    DecoderShape shape = shape(9, 3, 64);
    LongAdder bytes = new LongAdder();
    RotationTable table = RotationTable.of(shape.inverseFrequencies(), 5000, manager);
    try (KvArena floats = arena(shape, StorageType.FP32, bytes);
        KvArena arena = arena(shape, StorageType.BF16, bytes);
        KvArena whole = new KvArena(manager, shape, 5000, StorageType.BF16, bytes)) {
      long before = bytes.sum();
      assertThat(floats.entries(0, 10, table)).isNull();
      assertThat(whole.entries(0, 4097, table)).isNull();
      assertThat(arena.entries(0, 10, table)).isNotNull();
      assertThat(bytes.sum() - before).isEqualTo(2 * 2 * 256 * 64 * 3);
      arena.exceedHalves();
      assertThat(arena.entries(0, 10, table)).as("for good").isNull();
      assertThat(bytes.sum()).isEqualTo(before);
    }
    assertThat(bytes.sum()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"100000, 1", "1, 100000", "1, -100000", "1, NaN", "NaN, 1"})
  void oneNumberThatHalvesCannotHoldIsSeen(float key, float value) {
    DecoderShape shape = shape(9, 3, 64);
    RotationTable table = RotationTable.of(shape.inverseFrequencies(), CAPACITY, manager);
    // Queries of ones, so that the key is not far below the others.
    float[] queries = new float[9 * 64];
    Arrays.fill(queries, 1);
    try (KvArena arena = arena(shape, StorageType.BF16, new LongAdder());
        Crew crew = new Crew(1)) {
      for (int d = 0; d < 64; d++) {
        set(arena, 300 * 64 + d, key, value);
      }
      HostEntries entries = arena.entries(0, 600, table);
      assertThat(entries).isNotNull();
      boolean finite =
          new HostAttention(shape)
              .attend(
                  entries,
                  new OneQuery(0, arena, 0, 600, table, queries, 0, new float[0]),
                  new float[9 * 64],
                  crew);
      assertThat(finite).isFalse();
    }
  }

  @Test
  void exponentialsAreThoseOfTheMathLibrary() {
    float[] x = new float[3001];
    for (int i = 0; i < x.length; i++) {
      x[i] = 5 - i * 0.01f;
    }
    float[] to = x.clone();
    HostAttention.exponentials(to, 5, new float[x.length], new short[x.length], 0, x.length);
    for (int i = 0; i < x.length; i++) {
      double expected = Math.exp(Math.max((double) (x[i] - 5), -29));
      assertThat(to[i] / expected - 1).as("e to the %s", x[i] - 5).isBetween(-2.5e-7, 2.5e-7);
    }
  }
}
