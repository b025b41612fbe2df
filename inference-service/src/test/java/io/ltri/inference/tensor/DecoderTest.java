package io.ltri.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;
import static org.assertj.core.data.Percentage.withPercentage;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Percentage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class DecoderTest {

  private static final DecoderSettings FP32 = new DecoderSettings("cpu", Precision.FP32, 1);
  private static final double TOLERANCE = 2e-4;

  static Stream<DecoderShape> shapes() {
    return Stream.of(
        RandomModel.llama(),
        RandomModel.shape(2, 32, 4, 1, 16, 48, 53, true, false, false, false),
        RandomModel.shape(2, 32, 4, 4, 8, 64, 61, true, true, false, true),
        RandomModel.shape(2, 40, 4, 2, 16, 48, 59, false, false, true, false));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void logitsEqualBruteForceForEveryFamily(DecoderShape shape) {
    RandomModel model = RandomModel.of(shape, 11);
    int[] tokens = model.tokens(37, 12);
    double[][] expected = new BruteForceDecoder(model).run(tokens, StorageType.FP32).logits();
    try (Decoder decoder = Decoder.load(shape, model, FP32);
        FullAttention full = new FullAttention(decoder, StorageType.FP32)) {
      assertClose(full.append(tokens), expected, TOLERANCE);
    }
  }

  /** Tolerances in units of the logits' spread, which is about 1.5 for these models. */
  @ParameterizedTest
  @CsvSource({
    "PLAIN_FP32, FP32, 2e-4",
    "PACKED_FP32, FP32, 2e-4",
    "PLAIN_BF16, BF16, 0.2",
    "PACKED_BF16, BF16, 0.2",
    "FP16_WEIGHTS, FP16, 5e-3",
    "INT8_ROWS, INT8, 0.4",
    "INT8_WEIGHTS, INT8, 0.4"
  })
  void everyLinearOperatorStaysCloseToBruteForce(
      LinearOperator linear, Precision precision, double tolerance) {
    DecoderShape shape = RandomModel.shape(2, 64, 4, 2, 16, 96, 59, true, true, true, false);
    RandomModel model = RandomModel.of(shape, 13);
    int[] tokens = model.tokens(37, 14);
    double[][] expected = new BruteForceDecoder(model).run(tokens, StorageType.FP32).logits();
    DecoderSettings settings = new DecoderSettings("cpu", precision, 1);
    CpuFeatures cpu = CpuFeatures.ofThisMachine();
    assumeTrue(linear.runsOn(cpu), () -> linear + " does not run on this CPU");
    try (Decoder decoder = Decoder.load(shape, model, settings, linear, cpu);
        FullAttention once = new FullAttention(decoder, StorageType.FP32);
        FullAttention stepwise = new FullAttention(decoder, StorageType.FP32)) {
      assertClose(once.append(tokens), expected, tolerance);
      for (int t = 0; t < tokens.length; t++) {
        assertClose(stepwise.append(tokens[t]), Arrays.copyOfRange(expected, t, t + 1), tolerance);
      }
    }
  }

  @Test
  void weightsAsStoredAreLeftWhereTheHeapHasNoRoomForThem() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 19);
    QuantisedModel stored = QuantisedModel.of(model, 16);
    HostLayers layers = HostLayers.load(model.shape(), stored, 1, 1L << 30);
    assertThat(layers).isNotNull();
    layers.close();
    assertThat(HostLayers.load(model.shape(), stored, 1, 1L << 26)).isNull();
  }

  /** Of layers that add nothing, the queries of the next are known before. */
  @ParameterizedTest
  @CsvSource({"FP32, true", "BF16, true", "FP32, false", "BF16, false", "INT8, false"})
  void queriesOfTheNextLayerAreItsOwnWhereALayerAddsNothing(Precision precision, boolean stored) {
    DecoderShape shape = RandomModel.shape(3, 64, 4, 2, 16, 96, 59, true, false, true, false);
    RandomModel random = RandomModel.of(shape, 19);
    Map<String, float[]> silenced = new LinkedHashMap<>(random.weights());
    silenced.replaceAll(
        (name, values) ->
            name.contains("o_proj") || name.contains("down_proj")
                ? new float[values.length]
                : values);
    RandomModel silent = new RandomModel(shape, silenced, random.shapes());
    DecoderSettings settings = new DecoderSettings("cpu", precision, 1, stored, 2);
    try (Decoder decoder =
        Decoder.load(shape, stored ? QuantisedModel.of(silent, 32) : silent, settings)) {
      assertThat(decoder.stepsInJava()).isEqualTo(stored);
      // Three layers of 30,720 weights, and 59 outputs of 64.
      long weights = 3 * 30_720 + 59 * 64;
      if (stored) {
        assertThat(decoder.stepWeightBytes()).isBetween(weights / 2, 3 * weights / 2);
      } else {
        assertThat(decoder.stepWeightBytes()).isEqualTo(weights * precision.weightBytes());
      }
      float[] alone;
      try (KvArena arena = decoder.newArena(4, StorageType.BF16);
          Step step = decoder.begin(new int[] {7})) {
        alone = queriesAhead(step, arena);
      }
      try (KvArena arena = decoder.newArena(4, StorageType.BF16);
          StepBatch batch = decoder.beginTogether(new int[] {7})) {
        batch.project(0);
        Step row = batch.steps().getFirst();
        row.project(0, arena, 0);
        assertThat(row.lookupQueriesOfNextLayer(5).toArray(ValueLayout.JAVA_FLOAT))
            .isEqualTo(alone);
      }
    }
  }

  private static float[] queriesAhead(Step step, KvArena arena) {
    float[] first = {};
    for (int layer = 0; layer < 2; layer++) {
      step.project(layer, arena, layer);
      float[] ahead = step.lookupQueriesOfNextLayer(5).toArray(ValueLayout.JAVA_FLOAT);
      if (layer == 0) {
        first = ahead;
      }
      var unused = step.attend(layer, arena, 0, layer + 1, 0, 0);
      step.project(layer + 1, arena, layer + 1);
      assertThat(step.lookupQueries(1, 5).toArray(ValueLayout.JAVA_FLOAT)).isEqualTo(ahead);
      assertThat(ahead[3]).isNotZero();
    }
    assertThatThrownBy(() -> step.lookupQueriesOfNextLayer(5))
        .hasMessageContaining("before the last layer");
    return first;
  }

  /** One token at a time, so that every layer is computed in Java. */
  @ParameterizedTest
  @CsvSource({"32, true", "16, false"})
  void stepsWithStoredWeightsEqualBruteForce(int group, boolean withExtras) {
    DecoderShape shape =
        RandomModel.shape(2, 64, 4, 2, 16, 96, 59, withExtras, withExtras, withExtras, !withExtras);
    QuantisedModel model = QuantisedModel.of(RandomModel.of(shape, 17), group);
    int[] tokens = model.model().tokens(37, 18);
    double[][] expected =
        new BruteForceDecoder(model.model()).run(tokens, StorageType.FP32).logits();
    for (boolean stored : new boolean[] {true, false}) {
      DecoderSettings settings = new DecoderSettings("cpu", Precision.FP32, 1, stored, 2);
      try (Decoder decoder = Decoder.load(shape, model, settings);
          FullAttention stepwise = new FullAttention(decoder, StorageType.FP32)) {
        assertThat(decoder.stepsInJava()).isEqualTo(stored);
        for (int t = 0; t < tokens.length; t++) {
          assertClose(stepwise.append(tokens[t]), Arrays.copyOfRange(expected, t, t + 1), 2e-4);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"FP32", "BF16"})
  void quantisedTokenIsTheSameInAnyCompany(StorageType storage) {
    RandomModel model = RandomModel.of(RandomModel.llama(), 15);
    int[] tokens = model.tokens(8, 16);
    DecoderSettings settings = new DecoderSettings("cpu", Precision.INT8, 1);
    try (Decoder decoder = Decoder.load(model.shape(), model, settings);
        KvArena alone = decoder.newArena(8, storage);
        KvArena together = decoder.newArena(8, storage);
        Step all = decoder.begin(tokens)) {
      all.project(0, together, 0);
      for (int t = 0; t < tokens.length; t++) {
        try (Step one = decoder.begin(new int[] {tokens[t]})) {
          one.project(0, alone, t);
        }
      }
      assertThat(alone.keys().mismatch(together.keys())).isEqualTo(-1);
      assertThat(alone.values().mismatch(together.values())).isEqualTo(-1);
    }
  }

  @Test
  void chunksAndSingleTokensEqualOnePass() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 21);
    int[] tokens = model.tokens(40, 22);
    double[][] expected = new BruteForceDecoder(model).run(tokens, StorageType.BF16).logits();
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        FullAttention full = new FullAttention(decoder, StorageType.BF16)) {
      int vocabulary = model.shape().vocabulary();
      int done = 0;
      for (int chunk : new int[] {7, 1, 1, 17, 3, 1, 10}) {
        float[] logits = full.append(Arrays.copyOfRange(tokens, done, done + chunk));
        assertClose(logits, Arrays.copyOfRange(expected, done, done + chunk), 2e-2);
        done += chunk;
        assertThat(logits).hasSize(chunk * vocabulary);
      }
      assertThat(done).isEqualTo(tokens.length);
    }
  }

  @Test
  void logitsOfTheLastTokenAreTheLastRowOfAll() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 23);
    int[] tokens = model.tokens(9, 24);
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        FullAttention one = new FullAttention(decoder, StorageType.FP32);
        FullAttention all = new FullAttention(decoder, StorageType.FP32)) {
      float[] rows = all.append(tokens);
      float[] last = one.appendForLast(tokens);
      int vocabulary = model.shape().vocabulary();
      for (int i = 0; i < vocabulary; i++) {
        assertThat((double) last[i]).isCloseTo(rows[8 * vocabulary + i], offset(1e-4));
      }
    }
  }

  @Test
  void logProbabilitiesOfAChunkEqualTheLogitsOfTokenByTokenPasses() {
    // A vocabulary so large that a block holds 59 rows.
    DecoderShape shape = RandomModel.shape(1, 16, 2, 1, 4, 16, 70_000, false, false, false, true);
    RandomModel model = RandomModel.of(shape, 25);
    int[] tokens = model.tokens(131, 26);
    int[] next = Arrays.copyOfRange(tokens, 1, 131);
    try (Decoder decoder = Decoder.load(shape, model, FP32);
        FullAttention stepwise = new FullAttention(decoder, StorageType.FP32);
        KvArena arena = decoder.newArena(131, StorageType.FP32);
        Step step = decoder.begin(tokens)) {
      assertThat(step.ids()).isEqualTo(tokens);
      step.project(0, arena, 0);
      step.attend(0, arena, 0, 131, 0, 0);
      float[] found = step.logProbabilities(next);
      assertThat(found).hasSize(130);
      for (int t = 0; t < next.length; t++) {
        float[] logits = stepwise.append(tokens[t]);
        double sum = 0;
        for (float logit : logits) {
          sum += Math.exp(logit);
        }
        assertThat((double) found[t])
            .as("token %d", t)
            .isCloseTo(logits[next[t]] - Math.log(sum), offset(1e-4));
      }
      assertThat(step.logProbabilities(new int[0])).isEmpty();
      assertThat(step.logProbabilities(Arrays.copyOf(next, 3)))
          .usingComparatorWithPrecision(1e-4f)
          .containsExactly(found[0], found[1], found[2]);
      assertThatThrownBy(() -> step.logProbabilities(new int[132])).hasMessageContaining("132");
      assertThatThrownBy(() -> step.logProbabilities(new int[] {70_000}))
          .hasMessageContaining("vocabulary");
    }
  }

  @Test
  void arenaHoldsUnrotatedKeysAndValuesRoundedToBfloat16() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 31);
    int[] tokens = model.tokens(20, 32);
    BruteForceDecoder.Result expected = new BruteForceDecoder(model).run(tokens, StorageType.BF16);
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        FullAttention full = new FullAttention(decoder, StorageType.BF16)) {
      full.append(tokens);
      for (int head = 0; head < model.shape().kvHeads(); head++) {
        for (int t = 0; t < tokens.length; t++) {
          for (int i = 0; i < model.shape().headDim(); i++) {
            float key = element(full.arenas().getFirst(), true, head, t, i);
            float value = element(full.arenas().getFirst(), false, head, t, i);
            assertThat(key).isEqualTo(BruteForceDecoder.toBfloat16(key));
            assertThat(value).isEqualTo(BruteForceDecoder.toBfloat16(value));
            assertThat((double) key).isCloseTo(expected.keys()[0][head][t][i], percent(1));
            assertThat((double) value).isCloseTo(expected.values()[0][head][t][i], percent(1));
          }
        }
      }
    }
  }

  @Test
  void growingAnArenaKeepsItsContent() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 33);
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        KvArena arena = decoder.newArena(5, StorageType.FP32)) {
      for (int i = 0; i < 2 * 5 * 8; i++) {
        arena.keys().setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
        arena.values().setAtIndex(ValueLayout.JAVA_FLOAT, i, -i);
      }
      arena.ensureCapacity(6);
      assertThat(arena.capacity()).isEqualTo(10);
      for (int head = 0; head < 2; head++) {
        for (int i = 0; i < 5 * 8; i++) {
          assertThat(arena.keys().getAtIndex(ValueLayout.JAVA_FLOAT, head * 80 + i))
              .isEqualTo(head * 40 + i);
          assertThat(arena.values().getAtIndex(ValueLayout.JAVA_FLOAT, head * 80 + i))
              .isEqualTo(-(head * 40 + i));
        }
      }
    }
  }

  @Test
  void bandEqualsBruteForceProbabilities() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 41);
    int[] tokens = model.tokens(30, 42);
    int bandWidth = 12;
    int bandFrom = 4;
    BruteForceDecoder.Result expected = new BruteForceDecoder(model).run(tokens, StorageType.FP32);
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        FullAttention full = new FullAttention(decoder, StorageType.FP32)) {
      for (int[] chunk : new int[][] {{0, 11}, {11, 12}, {12, 30}}) {
        int n = chunk[1] - chunk[0];
        try (Step step = decoder.begin(Arrays.copyOfRange(tokens, chunk[0], chunk[1]))) {
          for (int layer = 0; layer < model.shape().layers(); layer++) {
            KvArena arena = full.arenas().get(layer);
            arena.ensureCapacity(chunk[1]);
            step.project(layer, arena, chunk[0]);
            MemorySegment band =
                Objects.requireNonNull(step.attend(layer, arena, 0, chunk[1], bandWidth, bandFrom));
            assertThat(band.byteSize()).isEqualTo(4L * n * bandWidth);
            for (int i = 0; i < n; i++) {
              for (int o = 0; o < bandWidth; o++) {
                int entry = chunk[0] + i - o;
                double probability =
                    entry < bandFrom ? 0 : expected.probabilities()[layer][chunk[0] + i][entry];
                assertThat(
                        (double) band.getAtIndex(ValueLayout.JAVA_FLOAT, (long) i * bandWidth + o))
                    .as("layer %d, query %d, %d places before", layer, chunk[0] + i, o)
                    .isCloseTo(probability, offset(1e-5));
              }
            }
          }
        }
      }
    }
  }

  /** Scores of a rule that gives each pair of tokens positions of its own. */
  private interface PairPositions {
    /**
     * @return position of the query, position of the key
     */
    int[] of(int query, int key);
  }

  private static BruteForceDecoder.Rule rule(DecoderShape shape, PairPositions positions) {
    return (layer, queries, keys) -> {
      int n = queries[0].length;
      double[][][] rows = new double[queries.length][n][n];
      for (int head = 0; head < rows.length; head++) {
        double[][] own = keys[head * keys.length / queries.length];
        for (int t = 0; t < n; t++) {
          Arrays.fill(rows[head][t], Double.NEGATIVE_INFINITY);
          for (int j = 0; j <= t; j++) {
            int[] at = positions.of(t, j);
            rows[head][t][j] =
                BruteForceDecoder.score(shape, queries[head][t], at[0], own[j], at[1]);
          }
          BruteForceDecoder.softmax(rows[head][t]);
        }
      }
      return rows;
    };
  }

  private interface ChunkPlaces {
    Places of(int start, int end);
  }

  /** Logits of all tokens, everything resident, chunk by chunk. */
  private static float[] chunked(Decoder decoder, int[] tokens, int[] ends, ChunkPlaces places) {
    int vocabulary = decoder.shape().vocabulary();
    float[] logits = new float[tokens.length * vocabulary];
    try (FullAttention full = new FullAttention(decoder, StorageType.FP32)) {
      int start = 0;
      for (int end : ends) {
        try (Step step = decoder.begin(Arrays.copyOfRange(tokens, start, end))) {
          for (int layer = 0; layer < decoder.shape().layers(); layer++) {
            KvArena arena = full.arenas().get(layer);
            arena.ensureCapacity(end);
            step.project(layer, arena, start);
            step.attend(layer, arena, 0, end, places.of(start, end), 0, 0);
          }
          float[] rows = step.allLogits();
          System.arraycopy(rows, 0, logits, start * vocabulary, rows.length);
        }
        start = end;
      }
    }
    return logits;
  }

  @Test
  void entriesAtPositionsOfTheirOwnEqualBruteForce() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 101);
    int[] tokens = model.tokens(200, 102);
    int[] position = new int[tokens.length];
    for (int i = 1; i < position.length; i++) {
      position[i] = position[i - 1] + 1 + i % 7;
    }
    double[][] expected =
        new BruteForceDecoder(
                model,
                rule(model.shape(), (query, key) -> new int[] {position[query], position[key]}))
            .run(tokens, StorageType.FP32)
            .logits();
    double[][] inOrder = new BruteForceDecoder(model).run(tokens, StorageType.FP32).logits();
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32)) {
      float[] found =
          chunked(
              decoder,
              tokens,
              new int[] {150, 151, 200},
              (start, end) -> new Places.At(Arrays.copyOf(position, end)));
      assertClose(found, expected, TOLERANCE);
      assertThat(largestDifference(found, inOrder)).isGreaterThan(0.1);
    }
  }

  @Test
  void positionsInOrderAreTheSameBitForBitHoweverTheyAreSaid() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 109);
    int[] tokens = model.tokens(60, 110);
    int[] ends = {20, 21, 60};
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32)) {
      float[] inOrder = chunked(decoder, tokens, ends, (start, end) -> Places.IN_ORDER);
      assertThat(
              chunked(
                  decoder,
                  tokens,
                  ends,
                  (start, end) -> new Places.At(IntStream.range(0, end).toArray())))
          .isEqualTo(inOrder);
      assertThat(chunked(decoder, tokens, ends, (start, end) -> new Places.Distant(start - 60, 60)))
          .isEqualTo(inOrder);
    }
  }

  @Test
  void keysThatStayInTheirSlotsAreAsIfAllWereRotatedAgain() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 111);
    int[] tokens = model.tokens(60, 112);
    float[] inOrder;
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32)) {
      inOrder = chunked(decoder, tokens, new int[] {25, 26, 27, 60}, (s, e) -> Places.IN_ORDER);
      float[] kept = inSlots(decoder, tokens, 13, false);
      assertThat(kept).isEqualTo(inSlots(decoder, tokens, 13, true));
      assertThat(largestDifference(kept, rows(inOrder, decoder.shape().vocabulary())))
          .isLessThan(TOLERANCE);
    }
  }

  @Test
  void keysRotatedInJavaAreToTheLastBitThoseOfTheProgram() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 114);
    int count = 90;
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        KvArena arena = decoder.newArena(count, StorageType.FP32);
        KvArena inJava = decoder.newArena(count, StorageType.FP32)) {
      Random random = new Random(115);
      for (long i = 0; i < arena.keys().byteSize() / Float.BYTES; i++) {
        float key = (float) random.nextGaussian();
        arena.keys().setAtIndex(ValueLayout.JAVA_FLOAT, i, key);
        inJava.keys().setAtIndex(ValueLayout.JAVA_FLOAT, i, key);
      }
      RotationTable table = decoder.rotations(count);
      decoder
          .program()
          .run(
              "rotateKept",
              new long[] {0, 7, 7, count - 7},
              arena.keyTensor(),
              arena.rotatedTensor(),
              table.cos(),
              table.sin());
      inJava.rotate(0, 40, table);
      inJava.rotate(40, 1, table);
      inJava.rotate(41, count - 41, table);
      assertThat(inJava.rotatedTensor().toFloatArray())
          .isEqualTo(arena.rotatedTensor().toFloatArray());
    }
  }

  @Test
  void keyThatIsWrittenIsRotatedAgainWhenTheArenaIsTold() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 113);
    int[] tokens = model.tokens(9, 114);
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        KvArena arena = decoder.newArena(9, StorageType.FP32);
        KvArena other = decoder.newArena(9, StorageType.FP32)) {
      float[] first = firstLayer(decoder, arena, tokens);
      assertThat(firstLayer(decoder, other, tokens)).isEqualTo(first);
      for (KvArena each : new KvArena[] {arena, other}) {
        each.keys().set(ValueLayout.JAVA_FLOAT, 0, 3f);
        each.changed(0, 1);
      }
      other.changed(0, 9);
      float[] changed = attendLast(decoder, arena, tokens);
      assertThat(changed).isNotEqualTo(attendLast(decoder, null, tokens));
      assertThat(changed).isEqualTo(attendLast(decoder, other, tokens));
    }
  }

  private static float[] firstLayer(Decoder decoder, KvArena arena, int[] tokens) {
    try (Step step = decoder.begin(tokens)) {
      step.project(0, arena, 0);
      step.attend(0, arena, 0, tokens.length, Places.IN_SLOTS, 0, 0);
      return step.logits();
    }
  }

  /**
   * The last token again over what stands in the arena.
   *
   * @param arena null: a fresh one, in which nobody has written
   */
  private static float[] attendLast(Decoder decoder, @Nullable KvArena arena, int[] tokens) {
    int last = tokens.length - 1;
    try (KvArena fresh = decoder.newArena(tokens.length, StorageType.FP32);
        Step step = decoder.begin(new int[] {tokens[last]})) {
      if (arena == null) {
        firstLayer(decoder, fresh, tokens);
      }
      KvArena used = arena == null ? fresh : arena;
      step.project(0, used, last);
      step.attend(0, used, 0, tokens.length, Places.IN_SLOTS, 0, 0);
      return step.logits();
    }
  }

  /**
   * Chunks and single tokens at the arena's indexes from {@code first} on.
   *
   * @param again whether all keys count as changed before each step
   */
  private static float[] inSlots(Decoder decoder, int[] tokens, int first, boolean again) {
    int vocabulary = decoder.shape().vocabulary();
    float[] logits = new float[tokens.length * vocabulary];
    try (FullAttention full = new FullAttention(decoder, StorageType.FP32)) {
      int start = 0;
      for (int end : new int[] {25, 26, 27, 60}) {
        try (Step step = decoder.begin(Arrays.copyOfRange(tokens, start, end))) {
          for (int layer = 0; layer < decoder.shape().layers(); layer++) {
            KvArena arena = full.arenas().get(layer);
            arena.ensureCapacity(first + end);
            step.project(layer, arena, first + start);
            if (again) {
              arena.changed(0, first + end);
            }
            step.attend(layer, arena, first, end, Places.IN_SLOTS, 0, 0);
          }
          float[] rows = step.allLogits();
          System.arraycopy(rows, 0, logits, start * vocabulary, rows.length);
        }
        start = end;
      }
    }
    return logits;
  }

  private static double[][] rows(float[] values, int width) {
    double[][] rows = new double[values.length / width][width];
    for (int i = 0; i < values.length; i++) {
      rows[i / width][i % width] = values[i];
    }
    return rows;
  }

  @Test
  void bandInSlotsIsTheOneInOrder() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 115);
    int[] tokens = model.tokens(12, 116);
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32)) {
      // The last ones are behind all entries, as where a text is shorter than the sink.
      for (int bandFrom : new int[] {0, 4, 11, 14, 30}) {
        for (int bandWidth : new int[] {3, 20}) {
          float[] inOrder = lastBand(decoder, tokens, Places.IN_ORDER, bandWidth, bandFrom);
          assertThat(lastBand(decoder, tokens, Places.IN_SLOTS, bandWidth, bandFrom))
              .usingComparatorWithPrecision(1e-6f)
              .containsExactly(inOrder);
        }
      }
    }
  }

  private static float[] lastBand(
      Decoder decoder, int[] tokens, Places places, int bandWidth, int bandFrom) {
    int last = tokens.length - 1;
    try (KvArena arena = decoder.newArena(tokens.length, StorageType.FP32);
        Step before = decoder.begin(Arrays.copyOf(tokens, last));
        Step step = decoder.begin(new int[] {tokens[last]})) {
      before.project(0, arena, 0);
      step.project(0, arena, last);
      MemorySegment band = step.attend(0, arena, 0, tokens.length, places, bandWidth, bandFrom);
      return Objects.requireNonNull(band).toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  @Test
  void entriesAtAConstantDistanceEqualBruteForce() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 103);
    int[] tokens = model.tokens(200, 104);
    int window = 9;
    double[][] expected =
        new BruteForceDecoder(
                model,
                rule(
                    model.shape(),
                    (query, key) ->
                        query - key >= window ? new int[] {window, 0} : new int[] {query, key}))
            .run(tokens, StorageType.FP32)
            .logits();
    double[][] inOrder = new BruteForceDecoder(model).run(tokens, StorageType.FP32).logits();
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32)) {
      float[] found =
          chunked(
              decoder,
              tokens,
              new int[] {5, 150, 151, 152, 200},
              (start, end) -> new Places.Distant(start - window + 1, window));
      assertClose(found, expected, TOLERANCE);
      assertThat(largestDifference(found, inOrder)).isGreaterThan(0.1);
    }
  }

  @ParameterizedTest
  @CsvSource({"-100, 0", "-100, 7", "11, 4", "11, 40"})
  void receivedAttentionIsTheSumOverQueriesToWhichTheEntryIsNotDistant(int entries, int from) {
    RandomModel model = RandomModel.of(RandomModel.llama(), 105);
    int[] tokens = model.tokens(200, 106);
    int start = 50;
    int distance = 30;
    BruteForceDecoder.Result brute = new BruteForceDecoder(model).run(tokens, StorageType.FP32);
    double[][][] rows =
        rule(
                model.shape(),
                (query, key) ->
                    key < entries + query - start
                        ? new int[] {distance, 0}
                        : new int[] {query, key})
            .probabilities(0, brute.queries()[0], brute.keys()[0]);
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        FullAttention full = new FullAttention(decoder, StorageType.FP32)) {
      full.append(Arrays.copyOf(tokens, start));
      KvArena arena = full.arenas().getFirst();
      arena.ensureCapacity(tokens.length);
      try (Step step = decoder.begin(Arrays.copyOfRange(tokens, start, tokens.length))) {
        step.project(0, arena, start);
        MemorySegment received =
            step.attendForReceived(
                0, arena, 0, tokens.length, new Places.Distant(entries, distance), from);
        int width = tokens.length - from;
        assertThat(received.byteSize()).isEqualTo(4L * 6 * width);
        for (int head = 0; head < 6; head++) {
          for (int j = from; j < tokens.length; j++) {
            double sum = 0;
            for (int t = start; t < tokens.length; t++) {
              sum += j < entries + t - start ? 0 : rows[head][t][j];
            }
            assertThat(
                    (double)
                        received.getAtIndex(ValueLayout.JAVA_FLOAT, (long) head * width + j - from))
                .isCloseTo(sum, offset(1e-4));
          }
        }
      }
    }
  }

  @Test
  void attentionMassEqualsBruteForce() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 107);
    int[] tokens = model.tokens(60, 108);
    BruteForceDecoder.Result brute = new BruteForceDecoder(model).run(tokens, StorageType.FP32);
    double[][][] queries = brute.queries()[0];
    double[][][] keys = brute.keys()[0];
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        FullAttention full = new FullAttention(decoder, StorageType.FP32)) {
      full.append(Arrays.copyOf(tokens, 50));
      KvArena arena = full.arenas().getFirst();
      arena.ensureCapacity(60);
      try (Step step = decoder.begin(Arrays.copyOfRange(tokens, 50, 60))) {
        step.project(0, arena, 50);
        int first = 3;
        int count = 40;
        int last = 4;
        MemorySegment mass = step.attentionMass(arena, first, count, last, 25);
        double[] expected = new double[count];
        for (int head = 0; head < 6; head++) {
          double[] most = new double[count];
          for (int t = 60 - last; t < 60; t++) {
            double[] row = new double[count];
            for (int j = 0; j < count; j++) {
              row[j] =
                  BruteForceDecoder.score(
                      model.shape(), queries[head][t], 25, keys[head / 3][first + j], 0);
            }
            BruteForceDecoder.softmax(row);
            for (int j = 0; j < count; j++) {
              most[j] = Math.max(most[j], row[j]);
            }
          }
          for (int j = 0; j < count; j++) {
            expected[j] += most[j];
          }
        }
        assertThat(mass.byteSize()).isEqualTo(4L * count);
        for (int j = 0; j < count; j++) {
          assertThat((double) mass.getAtIndex(ValueLayout.JAVA_FLOAT, j))
              .isCloseTo(expected[j], offset(1e-4));
        }
      }
    }
  }

  @Test
  void lookupQueriesAreTheLastQueriesRotatedToTheDistance() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 51);
    int[] tokens = model.tokens(10, 52);
    BruteForceDecoder brute = new BruteForceDecoder(model);
    double[][][] queries = brute.run(tokens, StorageType.FP32).queries()[0];
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        FullAttention full = new FullAttention(decoder, StorageType.FP32);
        Step step = decoder.begin(tokens)) {
      step.project(0, full.arenas().getFirst(), 0);
      for (int last : new int[] {4, 1, 99}) {
        int distance = 5000;
        MemorySegment found = step.lookupQueries(last, distance);
        int count = Math.min(last, tokens.length);
        assertThat(found.byteSize()).isEqualTo(4L * 6 * count * 8);
        for (int head = 0; head < 6; head++) {
          for (int t = 0; t < count; t++) {
            double[] expected = brute.rotate(queries[head][tokens.length - count + t], distance);
            for (int i = 0; i < 8; i++) {
              assertThat(
                      (double)
                          found.getAtIndex(
                              ValueLayout.JAVA_FLOAT, ((long) head * count + t) * 8 + i))
                  .isCloseTo(expected[i], offset(1e-4));
            }
          }
        }
      }
    }
  }

  @Test
  void onlyDifferencesOfSlotsMatter() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 61);
    int[] tokens = model.tokens(24, 62);
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        FullAttention full = new FullAttention(decoder, StorageType.FP32)) {
      float[] expected = full.append(tokens);
      try (Step step = decoder.begin(tokens)) {
        for (int layer = 0; layer < model.shape().layers(); layer++) {
          try (KvArena arena = decoder.newArena(50, StorageType.FP32)) {
            step.project(layer, arena, 13);
            step.attend(layer, arena, 13, tokens.length, 0, 0);
          }
        }
        assertThat(step.allLogits()).isEqualTo(expected);
      }
    }
  }

  @Test
  void queryBlocksOfALongPassEqualTokenByToken() {
    DecoderShape shape = RandomModel.shape(1, 16, 2, 1, 4, 16, 31, false, false, false, true);
    RandomModel model = RandomModel.of(shape, 71);
    int[] tokens = model.tokens(1100, 72);
    try (Decoder decoder = Decoder.load(shape, model, FP32);
        FullAttention once = new FullAttention(decoder, StorageType.FP32);
        FullAttention stepwise = new FullAttention(decoder, StorageType.FP32)) {
      float[] all = once.append(tokens);
      for (int t = 0; t < tokens.length; t++) {
        float[] row = stepwise.append(tokens[t]);
        for (int i = 0; i < 31; i++) {
          assertThat((double) row[i]).isCloseTo(all[t * 31 + i], offset(1e-4));
        }
      }
    }
  }

  @Test
  void stepsInSeveralThreadsDoNotDisturbEachOther() throws Exception {
    RandomModel model = RandomModel.of(RandomModel.llama(), 75);
    int[] tokens = model.tokens(20, 76);
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        FullAttention alone = new FullAttention(decoder, StorageType.FP32);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      float[] expected = alone.append(tokens);
      Callable<float[]> task =
          () -> {
            try (FullAttention full = new FullAttention(decoder, StorageType.FP32)) {
              return full.append(tokens);
            }
          };
      for (Future<float[]> found : threads.invokeAll(Collections.nCopies(16, task))) {
        assertThat(found.get()).isEqualTo(expected);
      }
    }
  }

  @Test
  void missingAndMisshapenWeightsAreNamed() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 81);
    model.weights().remove("model.layers.1.mlp.up_proj.weight");
    assertThatThrownBy(() -> Decoder.load(model.shape(), model, FP32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("model.layers.1.mlp.up_proj.weight is missing");
    RandomModel other = RandomModel.of(RandomModel.llama(), 82);
    other.shapes().put("model.norm.weight", new long[] {47});
    assertThatThrownBy(() -> Decoder.load(other.shape(), other, FP32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("model.norm.weight has shape [47]")
        .hasMessageContaining("[48]");
  }

  @Test
  void wrongCallsAreRefusedWithWhatToDo() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 91);
    try (Decoder decoder = Decoder.load(model.shape(), model, FP32);
        KvArena arena = decoder.newArena(4, StorageType.BF16);
        Step step = decoder.begin(new int[] {1, 2, 3})) {
      assertThatThrownBy(() -> decoder.begin(new int[] {97})).hasMessageContaining("vocabulary");
      assertThatThrownBy(() -> step.lookupQueries(1, 1)).hasMessageContaining("project");
      assertThatThrownBy(() -> step.project(0, arena, 2)).hasMessageContaining("ensureCapacity");
      step.project(0, arena, 1);
      assertThatThrownBy(() -> step.attend(1, arena, 0, 4, 0, 0)).hasMessageContaining("layer 1");
      assertThatThrownBy(() -> step.attend(0, arena, 0, 5, 0, 0)).hasMessageContaining("arena");
      assertThatThrownBy(() -> step.attend(0, arena, 2, 2, 0, 0)).hasMessageContaining("3 tokens");
    }
    assertThatThrownBy(() -> new DecoderSettings("tpu", Precision.FP32, 1))
        .hasMessageContaining("cuda:N");
  }

  private static float element(KvArena arena, boolean key, int head, int token, int i) {
    MemorySegment memory = key ? arena.keys() : arena.values();
    return memory.getAtIndex(
        ValueLayout.JAVA_FLOAT, ((long) head * arena.capacity() + token) * 8 + i);
  }

  private static Percentage percent(double value) {
    return withPercentage(value);
  }

  private static void assertClose(float[] found, double[][] expected, double tolerance) {
    assertThat(largestDifference(found, expected)).as("largest difference").isLessThan(tolerance);
  }

  private static double largestDifference(float[] found, double[][] expected) {
    int width = expected[0].length;
    assertThat(found).hasSize(expected.length * width);
    return IntStream.range(0, found.length)
        .mapToDouble(i -> Math.abs(found[i] - expected[i / width][i % width]))
        .max()
        .orElseThrow();
  }
}
