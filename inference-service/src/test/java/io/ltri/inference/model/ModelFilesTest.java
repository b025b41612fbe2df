package io.ltri.inference.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.ltri.inference.tensor.WeightSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFilesTest {

  @Test
  void readsALlamaFolder() {
    try (ModelSource model = ModelFiles.open(TestModels.model("tiny-llama"))) {
      assertThat(model.name()).isEqualTo("tiny-llama");
      assertThat(model.config())
          .isEqualTo(
              new ModelConfig(
                  ModelFamily.LLAMA,
                  2,
                  32,
                  4,
                  2,
                  8,
                  64,
                  288,
                  512,
                  1e-5f,
                  10_000,
                  new RopeScaling.Llama3(8, 1, 4, 64),
                  false,
                  false,
                  false,
                  false,
                  1,
                  List.of(2, 0)));
      assertThat(model.tokenizerJson()).hasValueSatisfying(p -> assertThat(p).isRegularFile());
      assertThat(model.tokenizerConfig()).isPresent();
      assertThat(model.chatTemplate()).isPresent();
      assertThat(model.vocabulary()).isEmpty();
      assertThat(model.weights().has("lm_head.weight")).isTrue();
      assertThat(model.weights().has("model.layers.2.input_layernorm.weight")).isFalse();
      assertThat(model.weights().shape("model.layers.1.self_attn.k_proj.weight"))
          .containsExactly(16, 32);
    }
  }

  @Test
  void readsAQwen2Folder() {
    try (ModelSource model = ModelFiles.open(TestModels.model("tiny-qwen2"))) {
      assertThat(model.config().attentionBias()).isTrue();
      assertThat(model.config().outputBias()).isFalse();
      assertThat(model.config().tiedOutput()).isTrue();
      assertThat(model.weights().has("lm_head.weight")).isFalse();
      assertThat(model.config().shape().queryKeyNorm()).isFalse();
    }
  }

  @Test
  void readsAShardedQwen3Folder() {
    try (ModelSource model = ModelFiles.open(TestModels.model("tiny-qwen3"))) {
      assertThat(model.config().headDim()).isEqualTo(16);
      assertThat(model.config().queryKeyNorm()).isTrue();
      assertThat(model.config().attentionBias()).isFalse();
      assertThat(model.config().ropeScaling()).isEqualTo(new RopeScaling.Linear(2));
      assertThat(model.weights().shape("model.layers.0.self_attn.q_proj.weight"))
          .containsExactly(64, 32);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-llama", "tiny-qwen2", "tiny-qwen3"})
  void ggufFileAndFolderOfTheSameModelHoldTheSameWeights(String name) {
    try (ModelSource folder = ModelFiles.open(TestModels.model(name));
        ModelSource gguf = ModelFiles.open(TestModels.model(name + "-gguf"))) {
      assertThat(gguf.name()).isEqualTo(name);
      assertSameButForSpelling(gguf.config(), folder.config());
      folder
          .config()
          .forEachTensor(
              (tensor, shape) -> {
                assertThat(gguf.weights().shape(tensor)).as(tensor).isEqualTo(shape);
                assertThat(TestModels.read(gguf.weights(), tensor))
                    .as(tensor)
                    .isEqualTo(TestModels.read(folder.weights(), tensor));
              });
    }
  }

  private static void assertSameButForSpelling(ModelConfig gguf, ModelConfig folder) {
    assertThat(gguf)
        .usingRecursiveComparison()
        .ignoringFields("ropeScaling", "eos")
        .isEqualTo(folder);
    assertThat(gguf.eos()).containsExactlyInAnyOrderElementsOf(folder.eos());
    double[] expected = folder.shape().inverseFrequencies();
    double[] actual = gguf.shape().inverseFrequencies();
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(2e-7 * expected[i]));
    }
  }

  @Test
  void quantisedTensorsAreCloseToTheOriginal() {
    try (ModelSource folder = ModelFiles.open(TestModels.model("tiny-llama"));
        ModelSource gguf = ModelFiles.open(TestModels.model("tiny-llama-quantised-gguf"))) {
      folder
          .config()
          .forEachTensor(
              (name, shape) -> {
                float[] expected = TestModels.read(folder.weights(), name);
                float[] actual = TestModels.read(gguf.weights(), name);
                double error = 0;
                double size = 0;
                for (int i = 0; i < expected.length; i++) {
                  error += Math.pow(expected[i] - actual[i], 2);
                  size += Math.pow(expected[i], 2);
                }
                // Rows in the wrong order would give about sqrt(2); four bits give about 0.08.
                assertThat(Math.sqrt(error / size)).as(name).isLessThan(0.12);
              });
    }
  }

  @Test
  void ggufFileHoldsItsVocabulary() {
    try (ModelSource model = ModelFiles.open(TestModels.model("tiny-llama-gguf"))) {
      GgufVocabulary vocabulary = model.vocabulary().orElseThrow();
      assertThat(vocabulary.model()).isEqualTo("gpt2");
      assertThat(vocabulary.pre()).isEqualTo("smollm");
      assertThat(vocabulary.tokens()).hasSize(288).startsWith("<|endoftext|>", "<|im_start|>");
      assertThat(vocabulary.merges()).hasSize(288 - 256 - 3).allMatch(m -> m.indexOf(' ') > 0);
      assertThat(vocabulary.types()).hasSize(288).startsWith(3, 3, 3, 1);
      assertThat(vocabulary.bos()).isEqualTo(1);
      assertThat(vocabulary.eos()).isEqualTo(2);
      assertThat(vocabulary.unknown()).isEqualTo(-1);
      assertThat(vocabulary.addBos()).isFalse();
      assertThat(vocabulary.chatTemplate()).contains("<|im_start|>assistant");
      assertThat(model.tokenizerJson()).isEmpty();
    }
  }

  @Test
  void digestOfOneFileIsThatOfItsBytes() throws Exception {
    Path folder = TestModels.model("tiny-llama");
    byte[] expected =
        MessageDigest.getInstance("SHA-256")
            .digest(Files.readAllBytes(folder.resolve("model.safetensors")));
    try (ModelSource model = ModelFiles.open(folder)) {
      assertThat(model.weightsDigest())
          .isEqualTo(HexFormat.of().formatHex(expected))
          .isEqualTo(model.weightsDigest());
    }
  }

  @Test
  void digestOfShardsCoversNamesLengthsAndContents() throws Exception {
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    Path folder = TestModels.model("tiny-qwen3");
    for (int i = 1; i <= 3; i++) {
      String name = "model-0000" + i + "-of-00003.safetensors";
      byte[] contents = Files.readAllBytes(folder.resolve(name));
      sha256.update((name + "\0").getBytes(StandardCharsets.UTF_8));
      sha256.update(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, contents.length));
      sha256.update(contents);
    }
    try (ModelSource model = ModelFiles.open(folder)) {
      assertThat(model.weightsDigest()).isEqualTo(HexFormat.of().formatHex(sha256.digest()));
    }
  }

  @Test
  void destinationMustFitAndTensorMustExist() {
    try (ModelSource model = ModelFiles.open(TestModels.model("tiny-llama"));
        Arena arena = Arena.ofConfined()) {
      WeightSource weights = model.weights();
      MemorySegment wrong = arena.allocate(4 * 31, 4);
      assertThatThrownBy(() -> weights.read("model.norm.weight", wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("128 bytes");
      assertThatThrownBy(() -> weights.shape("model.norm.bias"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("model.norm.bias");
    }
  }

  @Test
  void closedModelCannotBeReadAndClosesTwice() {
    ModelSource model = ModelFiles.open(TestModels.model("tiny-llama"));
    WeightSource weights = model.weights();
    model.close();
    model.close();
    assertThatThrownBy(() -> TestModels.read(weights, "model.norm.weight"))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void pathThatLeadsToNoModelIsRefused(@TempDir Path folder) throws IOException {
    assertRefused(folder.resolve("none"), "does not exist");
    assertRefused(folder, "neither a config.json nor a .gguf");
    Files.writeString(folder.resolve("model.bin"), "x");
    assertRefused(folder.resolve("model.bin"), "is no model");
    Files.writeString(folder.resolve("a.gguf"), "");
    assertRefused(folder, "magic");
    Files.writeString(folder.resolve("b.gguf"), "");
    assertRefused(folder, "holds 2 .gguf files");
  }

  @Test
  void folderWithConfigurationAndOneGgufIsReadAsGguf(@TempDir Path folder) throws IOException {
    TestModels.copyFolder(TestModels.model("tiny-llama-gguf"), folder.resolve("m"));
    Files.copy(
        TestModels.model("tiny-llama").resolve("config.json"), folder.resolve("m/config.json"));
    try (ModelSource model = ModelFiles.open(folder.resolve("m"))) {
      assertThat(model.vocabulary()).isPresent();
    }
  }

  @Test
  void weightsInOtherFormatsAreNotRead(@TempDir Path folder) throws IOException {
    Files.copy(
        TestModels.model("tiny-llama").resolve("config.json"), folder.resolve("config.json"));
    Files.writeString(folder.resolve("pytorch_model.bin"), "x");
    assertRefused(folder, "convert them to safetensors");
  }

  @Test
  void shardThatIsMissingIsNamed(@TempDir Path folder) throws IOException {
    Path copy = folder.resolve("m");
    TestModels.copyFolder(TestModels.model("tiny-qwen3"), copy);
    Files.delete(copy.resolve("model-00002-of-00003.safetensors"));
    assertRefused(copy, "model-00002-of-00003.safetensors: file: is missing");
  }

  @Test
  void shardOutsideOfTheFolderIsRefused(@TempDir Path folder) throws IOException {
    Path copy = folder.resolve("m");
    TestModels.copyFolder(TestModels.model("tiny-qwen3"), copy);
    Path index = copy.resolve("model.safetensors.index.json");
    Files.writeString(
        index, Files.readString(index).replace("model-00003-of-00003", "../model-00003-of-00003"));
    assertRefused(copy, "is no file name");
  }

  @Test
  void tensorThatTheIndexPlacesElsewhereIsMissing(@TempDir Path folder) throws IOException {
    Path copy = folder.resolve("m");
    TestModels.copyFolder(TestModels.model("tiny-qwen3"), copy);
    Path index = copy.resolve("model.safetensors.index.json");
    Files.writeString(
        index,
        Files.readString(index)
            .replace(
                "\"model.norm.weight\": \"model-00002", "\"model.norm.weight\": \"model-00001"));
    assertRefused(copy, "model-00001-of-00003.safetensors: model.norm.weight: tensor is missing");
  }

  @Test
  void tensorInTwoShardsIsRefused(@TempDir Path folder) throws IOException {
    Path copy = folder.resolve("m");
    TestModels.copyFolder(TestModels.model("tiny-qwen3"), copy);
    Files.copy(
        copy.resolve("model-00003-of-00003.safetensors"),
        copy.resolve("model-00004-of-00003.safetensors"));
    Path index = copy.resolve("model.safetensors.index.json");
    Files.writeString(
        index,
        Files.readString(index)
            .replace(
                "\"model.norm.weight\": \"model-00002", "\"model.norm.weight\": \"model-00004"));
    assertRefused(copy, "lm_head.weight: is in model-00003-of-00003.safetensors as well");
  }

  @Test
  void tensorsMustFitTheConfiguration(@TempDir Path folder) throws IOException {
    Path copy = folder.resolve("m");
    TestModels.copyFolder(TestModels.model("tiny-llama"), copy);
    Path config = copy.resolve("config.json");
    String original = Files.readString(config);

    Files.writeString(
        config, original.replace("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 4"));
    assertRefused(copy, "model.layers.0.self_attn.k_proj.weight: shape is [16, 32]");
    Files.writeString(
        config, original.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"));
    assertRefused(copy, "model.layers.2.input_layernorm.weight: tensor is missing");
    Files.writeString(
        config, original.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"));
    assertRefused(copy, "has no place in a llama model");
    Files.writeString(
        config, original.replace("\"attention_bias\": false", "\"attention_bias\": true"));
    assertRefused(copy, "q_proj.bias: tensor is missing");
  }

  private static void assertRefused(Path path, String message) {
    assertThatThrownBy(() -> ModelFiles.open(path).close())
        .isInstanceOf(ModelFileException.class)
        .hasMessageContaining(path.toString())
        .hasMessageContaining(message);
  }
}
