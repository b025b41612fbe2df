package io.ltri.inference.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTest {

  private static GgufBuilder plain() {
    return new GgufBuilder()
        .entry("general.architecture", "llama")
        .floats("a", new float[] {1, 2, 3}, 3)
        .floats("b", new float[] {4}, 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void readsBothVersions(int version) {
    GgufBuilder builder = plain();
    builder.version = version;
    GgufFile file = builder.read();
    assertThat(file.text("general.architecture")).isEqualTo("llama");
    assertThat(file.tensors()).containsOnlyKeys("a", "b");
    assertThat(requireNonNull(file.tensors().get("a")).shape()).containsExactly(3);
  }

  @Test
  void readsAllTypesOfMetadata() {
    GgufFile file =
        plain()
            .entry("u8", 0, b -> b.put((byte) 200))
            .entry("i8", 1, b -> b.put((byte) -3))
            .entry("u16", 2, b -> b.putShort((short) 60_000))
            .entry("i16", 3, b -> b.putShort((short) -300))
            .entry("u32", 4, b -> b.putInt((int) 4_000_000_000L))
            .entry("i32", 5, b -> b.putInt(-70_000))
            .entry("f32", 6, b -> b.putFloat(1.5f))
            .entry("bool", 7, b -> b.put((byte) 1))
            .entry("u64", 10, b -> b.putLong(1L << 40))
            .entry("i64", 11, b -> b.putLong(-5))
            .entry("f64", 12, b -> b.putDouble(2.25))
            .entry("huge", 10, b -> b.putLong(-1))
            .entry("bytes", 9, b -> b.putInt(0).putLong(2).put((byte) 255).put((byte) 1))
            .entry(
                "nested", 9, b -> b.putInt(9).putLong(1).putInt(4).putLong(2).putInt(1).putInt(2))
            .texts("texts", List.of("x", "", "\u0120y"))
            .entry("after", 7)
            .read();
    assertThat(file.integer("u8")).isEqualTo(200);
    assertThat(file.integer("i8")).isEqualTo(-3);
    assertThat(file.integer("u16")).isEqualTo(60_000);
    assertThat(file.integer("i16")).isEqualTo(-300);
    assertThat(file.integer("u32")).isEqualTo(4_000_000_000L);
    assertThat(file.integer("i32")).isEqualTo(-70_000);
    assertThat(file.number("f32")).isEqualTo(1.5);
    assertThat(file.flag("bool", false)).isTrue();
    assertThat(file.integer("u64")).isEqualTo(1L << 40);
    assertThat(file.integer("i64")).isEqualTo(-5);
    assertThat(file.number("f64")).isEqualTo(2.25);
    assertThat(file.number("huge")).isEqualTo(Math.pow(2, 64));
    assertThatThrownBy(() -> file.integer("huge")).isInstanceOf(ModelFileException.class);
    assertThat(file.integers("bytes")).containsExactly(255, 1);
    assertThat(file.texts("texts")).containsExactly("x", "", "\u0120y");
    assertThatThrownBy(() -> file.texts("nested")).isInstanceOf(ModelFileException.class);
    assertThatThrownBy(() -> file.text("u8")).hasMessageContaining("u8: is no text");
    assertThat(file.integer("after")).isEqualTo(7);
  }

  static Stream<Arguments> damage() {
    return Stream.of(
        damaged("wrong magic", "magic", "no GGUF", b -> b.magic = 0x46554746),
        damaged("version 1", "version", "not supported", b -> b.version = 1),
        damaged("big-endian", "version", "big-endian", b -> b.version = 3 << 24),
        damaged("negative tensors", "tensor_count", "more than", b -> b.tensorCountOffset = -9),
        damaged("absurd tensors", "tensor_count", "more than", b -> b.tensorCountOffset = 1L << 60),
        damaged(
            "absurd keys", "metadata_kv_count", "more than", b -> b.entryCountOffset = 1L << 60),
        damaged("same key", "k", "there twice", b -> b.entry("k", 1).entry("k", 2)),
        damaged("unknown type", "k", "type 13", b -> b.entry("k", 13, v -> {})),
        damaged("negative type", "k", "type 4294967295", b -> b.entry("k", -1, v -> {})),
        damaged("bad flag", "k", "neither true", b -> b.entry("k", 7, v -> v.put((byte) 2))),
        damaged("absurd text", "k", "at most", b -> b.entry("k", 8, v -> v.putLong(1L << 50))),
        damaged("negative text", "k", "at most", b -> b.entry("k", 8, v -> v.putLong(-1))),
        damaged("long text", "k", "truncated", b -> b.entry("k", 8, v -> v.putLong(1 << 20))),
        damaged("no UTF-8", "k", "UTF-8", b -> b.entry("k", 8, v -> v.putLong(1).put((byte) 0xC3))),
        damaged(
            "absurd list",
            "k",
            "more than",
            b -> b.entry("k", 9, v -> v.putInt(4).putLong(Long.MAX_VALUE))),
        damaged(
            "list of nothing known",
            "k",
            "unknown",
            b -> b.entry("k", 9, v -> v.putInt(99).putLong(1))),
        damaged("deep list", "k", "nested", b -> b.entry("k", 9, GgufFileTest::nest)),
        damaged("alignment 0", "general.alignment", "power", b -> b.entry("general.alignment", 0)),
        damaged(
            "alignment 48", "general.alignment", "power", b -> b.entry("general.alignment", 48)),
        damaged("one of parts", "split.count", "merge", b -> b.entry("split.count", 3)),
        damaged("misaligned", "t", "alignment", b -> b.tensor("t", 0, 68, 1).data(128)),
        damaged("outside", "t", "truncated", b -> b.tensor("t", 0, 1 << 20, 1)),
        damaged("beyond the end", "t", "truncated", b -> b.tensor("t", 0, 64, 33).data(192)),
        damaged("negative offset", "t", "truncated", b -> b.tensor("t", 0, -32, 1)),
        damaged("overlap", "t", "overlaps", b -> b.tensor("t", 0, 32, 1)),
        damaged("same tensor", "a", "there twice", b -> b.tensor("a", 0, 64, 1).data(96)),
        damaged("no dimensions", "t", "0 dimensions", b -> b.tensor("t", 0, 64)),
        damaged("5 dimensions", "t", "5 dimensions", b -> b.tensor("t", 0, 64, 1, 1, 1, 1, 1)),
        damaged("negative dimension", "t", "impossible", b -> b.tensor("t", 0, 64, 4, -4)),
        damaged("no elements", "t", "impossible", b -> b.tensor("t", 0, 64, 0)),
        damaged(
            "overflow", "t", "counted", b -> b.tensor("t", 0, 64, 1L << 32, 1L << 32).data(128)),
        damaged(
            "bytes overflow", "t", "truncated", b -> b.tensor("t", 0, 64, 2, 1L << 61).data(128)),
        damaged("half a block", "t", "blocks of 32", b -> b.tensor("t", 8, 64, 48).data(256)));
  }

  private static void nest(ByteBuffer value) {
    for (int i = 0; i < 200; i++) {
      value.putInt(9).putLong(1);
    }
  }

  private static Arguments damaged(
      String name, String field, String problem, Consumer<GgufBuilder> damage) {
    return Arguments.of(name, field, problem, damage);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("damage")
  void damageIsNamed(String name, String field, String problem, Consumer<GgufBuilder> damage) {
    GgufBuilder builder = plain().data(64);
    damage.accept(builder);
    assertThatThrownBy(builder::read)
        .isInstanceOf(ModelFileException.class)
        .hasMessageStartingWith(GgufBuilder.FILE + ": " + field + ": ")
        .hasMessageContaining(problem);
  }

  @Test
  void everyTruncationIsReadOrRefused() {
    byte[] whole = plain().tensor("strange", 10, 64, 256).bytes();
    int read = 0;
    for (int length = 0; length <= whole.length; length++) {
      MemorySegment bytes = MemorySegment.ofArray(Arrays.copyOf(whole, length));
      try {
        GgufFile.read(new MappedFile(GgufBuilder.FILE, bytes));
        read++;
      } catch (ModelFileException expected) {
        assertThat(expected.file()).isEqualTo(GgufBuilder.FILE);
      }
    }
    assertThat(read).as("only the end of a tensor of unknown size may be missing").isEqualTo(1);
  }

  @Test
  void fileThatEndsBeforeItsDataIsTruncated() {
    byte[] whole = new GgufBuilder().tensor("strange", 10, 0, 256).bytes();
    for (int length = 0; length < whole.length; length++) {
      MemorySegment bytes = MemorySegment.ofArray(Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> GgufFile.read(new MappedFile(GgufBuilder.FILE, bytes)))
          .isInstanceOf(ModelFileException.class);
    }
  }

  /** One layer, 4 hidden, 2 heads of 4: small enough to see. */
  private static GgufBuilder small(String architecture) {
    return new GgufBuilder()
        .entry("general.architecture", architecture)
        .entry(architecture + ".block_count", 1)
        .entry(architecture + ".context_length", 128)
        .entry(architecture + ".embedding_length", 4)
        .entry(architecture + ".feed_forward_length", 6)
        .entry(architecture + ".attention.head_count", 2)
        .entry(architecture + ".attention.head_count_kv", 1)
        .entry(architecture + ".attention.key_length", 4)
        .entry(architecture + ".attention.layer_norm_rms_epsilon", 1e-5f)
        .entry("tokenizer.ggml.model", "gpt2")
        .texts("tokenizer.ggml.tokens", List.of("a", "b", "<|im_end|>"))
        .entry(
            "tokenizer.ggml.token_type",
            9,
            b -> b.putInt(5).putLong(3).putInt(1).putInt(1).putInt(3))
        .zeros("token_embd.weight", 3, 4)
        .floats("output_norm.weight", new float[4], 4);
  }

  private static GgufBuilder layer(GgufBuilder builder) {
    float[] rows = new float[32];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (float) Math.floor(i / 4.0);
    }
    return builder
        .floats("blk.0.attn_norm.weight", new float[4], 4)
        .floats("blk.0.ffn_norm.weight", new float[4], 4)
        .floats("blk.0.attn_q.weight", rows, 4, 8)
        .zeros("blk.0.attn_k.weight", 4, 4)
        .zeros("blk.0.attn_v.weight", 4, 4)
        .zeros("blk.0.attn_output.weight", 4, 8)
        .zeros("blk.0.ffn_gate.weight", 6, 4)
        .zeros("blk.0.ffn_up.weight", 6, 4)
        .zeros("blk.0.ffn_down.weight", 4, 6);
  }

  @Test
  void llamaRowsAndBiasesReturnToHalves() {
    GgufBuilder builder = small("llama");
    layer(builder)
        .floats("blk.0.attn_q.bias", new float[] {0, 1, 2, 3, 4, 5, 6, 7}, 8)
        .floats("blk.0.attn_k.bias", new float[] {0, 1, 2, 3}, 4)
        .floats("blk.0.attn_v.bias", new float[] {0, 1, 2, 3}, 4);
    try (ModelSource model = builder.open()) {
      String attention = "model.layers.0.self_attn.";
      assertThat(TestModels.read(model.weights(), attention + "q_proj.bias"))
          .containsExactly(0, 2, 1, 3, 4, 6, 5, 7);
      assertThat(TestModels.read(model.weights(), attention + "k_proj.bias"))
          .containsExactly(0, 2, 1, 3);
      assertThat(TestModels.read(model.weights(), attention + "v_proj.bias"))
          .containsExactly(0, 1, 2, 3);
      float[] rows = TestModels.read(model.weights(), attention + "q_proj.weight");
      assertThat(new float[] {rows[0], rows[4], rows[8], rows[12], rows[16], rows[31]})
          .containsExactly(0, 2, 1, 3, 4, 7);
      assertThat(model.config().attentionBias()).isTrue();
      assertThat(model.config().outputBias()).isFalse();
      assertThat(model.config().tiedOutput()).isTrue();
    }
  }

  @Test
  void qwen2RowsStay() {
    GgufBuilder builder = small("qwen2");
    layer(builder)
        .floats("blk.0.attn_q.bias", new float[] {0, 1, 2, 3, 4, 5, 6, 7}, 8)
        .floats("blk.0.attn_k.bias", new float[4], 4)
        .floats("blk.0.attn_v.bias", new float[4], 4);
    try (ModelSource model = builder.open()) {
      assertThat(TestModels.read(model.weights(), "model.layers.0.self_attn.q_proj.bias"))
          .containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
    }
  }

  @Test
  void controlTokensThatEndATurnAreEnds() {
    try (ModelSource model = layer(small("llama")).open()) {
      assertThat(model.config().eos()).containsExactly(2);
      assertThat(model.config().bos()).isEqualTo(-1);
      assertThat(model.vocabulary().orElseThrow().pre()).isEqualTo("default");
      assertThat(model.vocabulary().orElseThrow().merges()).isEmpty();
    }
  }

  static Stream<Arguments> unsupported() {
    return Stream.of(
        damaged("experts", "llama.expert_count", "experts", b -> b.entry("llama.expert_count", 8)),
        damaged(
            "yarn",
            "llama.rope.scaling.type",
            "not supported",
            b -> b.entry("llama.rope.scaling.type", "yarn")),
        damaged(
            "window",
            "llama.attention.sliding_window",
            "not supported",
            b -> b.entry("llama.attention.sliding_window", 64)),
        damaged(
            "partial rotation",
            "llama.rope.dimension_count",
            "in part",
            b -> b.entry("llama.rope.dimension_count", 2)),
        damaged(
            "value length",
            "llama.attention.value_length",
            "another length",
            b -> b.entry("llama.attention.value_length", 8)),
        damaged(
            "infinite base",
            "llama.rope.freq_base",
            "finite",
            b -> b.entry("llama.rope.freq_base", Float.POSITIVE_INFINITY)),
        damaged(
            "eos beyond",
            "tokenizer.ggml.eos_token_id",
            "outside",
            b -> b.entry("tokenizer.ggml.eos_token_id", 3)),
        damaged(
            "zero divisor",
            "rope_freqs.weight",
            "must be positive",
            b -> b.floats("rope_freqs.weight", new float[] {1, 0}, 2)),
        damaged(
            "divisors of another length",
            "rope_freqs.weight",
            "must be 2 elements",
            b -> b.floats("rope_freqs.weight", new float[] {1, 1, 1}, 3)),
        damaged(
            "fused projections",
            "blk.0.attn_qkv.weight",
            "no place",
            b -> b.zeros("blk.0.attn_qkv.weight", 4, 4)),
        damaged(
            "norms of another family",
            "blk.0.attn_q_norm.weight",
            "no place",
            b -> b.floats("blk.0.attn_q_norm.weight", new float[4], 4)),
        damaged(
            "bias in one place",
            "model.layers.0.self_attn.k_proj.bias",
            "is missing",
            b -> b.floats("blk.0.attn_q.bias", new float[8], 8)),
        damaged(
            "layer twice",
            "blk.00.attn_q.weight",
            "there twice",
            b -> b.zeros("blk.00.attn_q.weight", 8, 4)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("unsupported")
  void whatWouldBeComputedWronglyIsRefused(
      String name, String field, String problem, Consumer<GgufBuilder> change) {
    GgufBuilder builder = layer(small("llama"));
    change.accept(builder);
    assertThatThrownBy(builder::open)
        .isInstanceOf(ModelFileException.class)
        .hasMessageStartingWith(GgufBuilder.FILE + ": " + field + ": ")
        .hasMessageContaining(problem);
  }

  @Test
  void typesThatAreNotReadAreRefusedByNumber() {
    GgufBuilder builder = layer(small("llama"));
    builder.tensor("output.weight", 10, 4096, 4, 3).data(8192);
    assertThatThrownBy(builder::open)
        .isInstanceOf(ModelFileException.class)
        .hasMessageContaining("output.weight: elements of type number 10 are not supported");
  }

  @Test
  void otherArchitecturesAreRefused() {
    assertThatThrownBy(() -> layer(small("gemma2")).open())
        .isInstanceOf(ModelFileException.class)
        .hasMessageContaining("general.architecture: 'gemma2' is not supported");
  }
}
