package io.ltri.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepBatchTest {

  private static final int STEPS = 5;

  /** Sequences that have read different numbers of tokens, with room for the steps. */
  private record Sequences(List<FullAttention> all, List<Integer> lengths, Places places)
      implements AutoCloseable {

    static Sequences of(Decoder decoder, RandomModel model, int count) {
      return of(decoder, model, count, Places.IN_ORDER);
    }

    static Sequences of(Decoder decoder, RandomModel model, int count, Places places) {
      Sequences sequences = new Sequences(new ArrayList<>(), new ArrayList<>(), places);
      for (int i = 0; i < count; i++) {
        FullAttention read = new FullAttention(decoder, StorageType.BF16);
        int length = 3 + 5 * i;
        float[] unused = read.append(model.tokens(length, i));
        read.arenas().forEach(arena -> arena.ensureCapacity(length + STEPS));
        sequences.all().add(read);
        sequences.lengths().add(length);
      }
      return sequences;
    }

    /** One token for each sequence; the logits and bands of all layers of each. */
    List<float[]> together(Decoder decoder, int[] tokens, int done) {
      try (StepBatch batch = decoder.beginTogether(tokens)) {
        List<float[]> results = new ArrayList<>();
        List<float[]> bands = new ArrayList<>();
        for (int l = 0; l < decoder.shape().layers(); l++) {
          batch.project(l);
          for (int i = 0; i < tokens.length; i++) {
            bands.add(layer(batch.steps().get(i), i, l, done));
          }
          batch.feed(l);
        }
        batch.steps().forEach(step -> results.add(step.logits()));
        results.addAll(bands);
        return results;
      }
    }

    /** The same, each by itself. */
    List<float[]> alone(Decoder decoder, int[] tokens, int done) {
      List<float[]> results = new ArrayList<>();
      int layers = decoder.shape().layers();
      float[][] bands = new float[layers * tokens.length][];
      for (int i = 0; i < tokens.length; i++) {
        try (Step step = decoder.begin(new int[] {tokens[i]})) {
          for (int l = 0; l < layers; l++) {
            bands[l * tokens.length + i] = layer(step, i, l, done);
          }
          results.add(step.logits());
        }
      }
      results.addAll(List.of(bands));
      return results;
    }

    private float[] layer(Step step, int i, int l, int done) {
      KvArena arena = all.get(i).arenas().get(l);
      int position = lengths.get(i) + done;
      step.project(l, arena, position);
      MemorySegment band = step.attend(l, arena, 0, position + 1, places, 7, 1);
      return band == null ? new float[0] : band.toArray(ValueLayout.JAVA_FLOAT);
    }

    @Override
    public void close() {
      all.forEach(FullAttention::close);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "PLAIN_FP32, FP32",
    "PACKED_FP32, FP32",
    "PLAIN_BF16, BF16",
    "PACKED_BF16, BF16",
    "INT8_ROWS, INT8",
    "INT8_WEIGHTS, INT8"
  })
  void everySequenceHasTheBitsThatItHasAlone(LinearOperator linear, Precision precision) {
    CpuFeatures cpu = CpuFeatures.ofThisMachine();
    assumeTrue(linear.runsOn(cpu), () -> linear + " does not run on this CPU");
    DecoderShape shape = RandomModel.shape(2, 64, 4, 2, 16, 96, 59, true, true, true, false);
    RandomModel model = RandomModel.of(shape, 61);
    DecoderSettings settings = new DecoderSettings("cpu", precision, 1);
    try (Decoder decoder = Decoder.load(shape, model, settings, linear, cpu)) {
      for (int count = 1; count <= decoder.mostTogether(); count++) {
        try (Sequences apart = Sequences.of(decoder, model, count);
            Sequences joined = Sequences.of(decoder, model, count)) {
          for (int done = 0; done < STEPS; done++) {
            int[] tokens = model.tokens(count, 100 + done);
            assertThat(joined.together(decoder, tokens, done).toArray(float[][]::new))
                .as("%s sequences, step %s", count, done)
                .isDeepEqualTo(apart.alone(decoder, tokens, done).toArray(float[][]::new));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"32, false", "16, false", "32, true"})
  void storedWeightsGiveTheSameBitsAloneAndTogether(int group, boolean slots) {
    Places places = slots ? Places.IN_SLOTS : Places.IN_ORDER;
    DecoderShape shape = RandomModel.shape(2, 64, 4, 2, 16, 96, 59, true, true, true, false);
    RandomModel model = RandomModel.of(shape, 64);
    try (Decoder decoder =
        Decoder.load(
            shape,
            QuantisedModel.of(model, group),
            new DecoderSettings("cpu", Precision.BF16, 1, true, 2))) {
      assertThat(decoder.mostTogether()).isEqualTo(8);
      try (Sequences apart = Sequences.of(decoder, model, 3, places);
          Sequences joined = Sequences.of(decoder, model, 3, places)) {
        for (int done = 0; done < STEPS; done++) {
          int[] tokens = model.tokens(3, 100 + done);
          assertThat(joined.together(decoder, tokens, done).toArray(float[][]::new))
              .isDeepEqualTo(apart.alone(decoder, tokens, done).toArray(float[][]::new));
        }
      }
    }
  }

  @Test
  void aKeyThatHalvesCannotHoldIsAttendedToAllTheSame() {
    DecoderShape shape = RandomModel.shape(2, 64, 4, 2, 16, 96, 59, true, true, true, false);
    RandomModel model = RandomModel.of(shape, 64);
    try (Decoder decoder =
        Decoder.load(
            shape,
            QuantisedModel.of(model, 32),
            new DecoderSettings("cpu", Precision.FP32, 1, true, 2))) {
      List<float[]> results = new ArrayList<>();
      for (Places places : List.of(Places.IN_SLOTS, Places.IN_ORDER)) {
        try (Sequences sequences = Sequences.of(decoder, model, 1, places)) {
          for (KvArena arena : sequences.all().getFirst().arenas()) {
            arena.keys().setAtIndex(ValueLayout.JAVA_FLOAT, 16, 131_072);
            arena.changed(1, 1);
          }
          results.add(sequences.alone(decoder, model.tokens(1, 100), 0).getFirst());
        }
      }
      assertThat(results.getFirst()).hasSameSizeAs(results.getLast());
      for (int i = 0; i < results.getFirst().length; i++) {
        assertThat(results.getFirst()[i]).isCloseTo(results.getLast()[i], within(1e-3f));
      }
    }
  }

  /** Where a kernel is not the same in any number of rows, all decode steps have one number. */
  @Test
  void paddedStepsAreTheSameAloneAndTogether() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 62);
    try (Decoder decoder =
        Decoder.load(model.shape(), model, new DecoderSettings("cpu", Precision.FP32, 1))) {
      decoder.setDecodeRows(new DecodeRows(8, 8));
      try (Sequences apart = Sequences.of(decoder, model, 3);
          Sequences joined = Sequences.of(decoder, model, 3)) {
        int[] tokens = model.tokens(3, 5);
        assertThat(joined.together(decoder, tokens, 0).toArray(float[][]::new))
            .isDeepEqualTo(apart.alone(decoder, tokens, 0).toArray(float[][]::new));
      }
    }
  }

  @Test
  void whatIsOutOfOrderOrTooMuchIsRefused() {
    RandomModel model = RandomModel.of(RandomModel.llama(), 63);
    try (Decoder decoder =
        Decoder.load(model.shape(), model, new DecoderSettings("cpu", Precision.FP32, 1))) {
      int held = decoder.heldTensors();
      try (StepBatch batch = decoder.beginTogether(new int[] {1, 2});
          KvArena arena = decoder.newArena(4, StorageType.FP32)) {
        assertThatThrownBy(() -> batch.feed(0)).hasMessageContaining("project it first");
        assertThatThrownBy(() -> batch.steps().getFirst().project(0, arena, 0))
            .hasMessageContaining("project the batch first");
        assertThatThrownBy(() -> batch.project(9)).hasMessageContaining("does not exist");
      }
      assertThat(decoder.heldTensors()).isEqualTo(held);
      int tooMany = decoder.mostTogether() + 1;
      assertThatThrownBy(() -> decoder.beginTogether(new int[tooMany]))
          .hasMessageContaining("at most " + decoder.mostTogether());
    }
  }
}
