package io.ltri.inference.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Whatever happens to a file, it is either read whole or refused as a model file. */
class DamagedFilesTest {

  private static final Path GGUF =
      TestModels.model("tiny-llama-quantised-gguf").resolve("tiny-llama-quantised.gguf");
  private static final Path LLAMA = TestModels.model("tiny-llama");
  private static final Path QWEN3 = TestModels.model("tiny-qwen3");

  // Bytes before the first tensor.
  private static final int GGUF_HEADER = 6_720;
  private static final int SAFETENSORS_HEADER = 2_128;
  private static final byte[] GGUF_BYTES = bytes(GGUF);
  private static final byte[] SAFETENSORS_BYTES = bytes(LLAMA.resolve("model.safetensors"));

  private static Path folder = Path.of("");

  private static byte[] bytes(Path path) {
    try {
      return Files.readAllBytes(path);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Property(tries = 1000)
  void flippedHeaderOfGgufIsReadOrRefused(
      @ForAll @Size(min = 1, max = 4) int[] places,
      @ForAll @IntRange(min = 1, max = 255) int mask) {
    readOrRefuseGguf(flipped(GGUF_BYTES, GGUF_HEADER, places, mask));
  }

  @Property(tries = 300)
  void truncatedGgufIsRefused(@ForAll @IntRange(min = 0, max = 77_000) int length) {
    assertThat(readOrRefuseGguf(Arrays.copyOf(GGUF_BYTES, length))).isFalse();
  }

  @Property(tries = 1000)
  void flippedHeaderOfSafetensorsIsReadOrRefused(
      @ForAll @Size(min = 1, max = 4) int[] places,
      @ForAll @IntRange(min = 1, max = 255) int mask) {
    readOrRefuseSafetensors(flipped(SAFETENSORS_BYTES, SAFETENSORS_HEADER, places, mask));
  }

  @Property(tries = 300)
  void truncatedSafetensorsIsRefused(@ForAll @IntRange(min = 0, max = 150_000) int length) {
    assertThat(readOrRefuseSafetensors(Arrays.copyOf(SAFETENSORS_BYTES, length))).isFalse();
  }

  @Property(tries = 150)
  void flippedConfigurationIsReadOrRefused(
      @ForAll @Size(min = 1, max = 3) int[] places, @ForAll @IntRange(min = 1, max = 255) int mask)
      throws IOException {
    onCopy("config.json", places, mask);
  }

  @Property(tries = 100)
  void flippedIndexIsReadOrRefused(
      @ForAll @Size(min = 1, max = 3) int[] places, @ForAll @IntRange(min = 1, max = 255) int mask)
      throws IOException {
    onCopy("model.safetensors.index.json", places, mask);
  }

  @BeforeContainer
  static void copy() throws IOException {
    folder = Files.createTempDirectory("damaged");
    TestModels.copyFolder(QWEN3, folder.resolve("m"));
  }

  @AfterContainer
  static void remove() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static void onCopy(String name, int[] places, int mask) throws IOException {
    byte[] original = Files.readAllBytes(QWEN3.resolve(name));
    Path file = folder.resolve("m").resolve(name);
    Files.write(file, flipped(original, original.length, places, mask));
    try (ModelSource source = ModelFiles.open(folder.resolve("m"))) {
      readEverything(source);
    } catch (ModelFileException expected) {
      assertThat(expected).hasMessageContaining(folder.toString());
    } finally {
      Files.write(file, original);
    }
  }

  private static byte[] flipped(byte[] original, int area, int[] places, int mask) {
    byte[] result = original.clone();
    for (int place : places) {
      result[Math.floorMod(place * 0x9E3779B9, area)] ^= (byte) mask;
    }
    return result;
  }

  private static boolean readOrRefuseGguf(byte[] bytes) {
    MappedFile file = new MappedFile(GGUF, MemorySegment.ofArray(bytes));
    try (ModelSource source = GgufModel.read(file, new WeightFiles())) {
      readEverything(source);
      return true;
    } catch (ModelFileException expected) {
      assertThat(expected).hasMessageContaining(GGUF.toString());
      return false;
    }
  }

  private static boolean readOrRefuseSafetensors(byte[] bytes) {
    Path path = LLAMA.resolve("model.safetensors");
    try {
      MappedWeights weights =
          new MappedWeights(
              SafetensorsFile.read(new MappedFile(path, MemorySegment.ofArray(bytes))));
      ModelConfig config = HuggingFaceConfig.read(LLAMA);
      weights.verify(config, path);
      config.forEachTensor((name, shape) -> TestModels.read(weights, name));
      return true;
    } catch (ModelFileException expected) {
      assertThat(expected).hasMessageContaining(path.toString());
      return false;
    }
  }

  private static void readEverything(ModelSource source) {
    source.config().shape();
    source.config().forEachTensor((name, shape) -> TestModels.read(source.weights(), name));
  }
}
