package io.ltri.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.inference.model.ModelFiles;
import io.ltri.inference.model.ModelSource;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/**
 * Logits of the tiny models against those of transformers; {@code src/test/python/tiny_models.py}
 * makes both.
 */
class TransformersParityTest {

  @ParameterizedTest
  @CsvSource({
    "tiny-llama, tiny-llama",
    "tiny-qwen2, tiny-qwen2",
    "tiny-qwen3, tiny-qwen3",
    "tiny-llama-gguf, tiny-llama",
    "tiny-qwen2-gguf, tiny-qwen2",
    "tiny-qwen3-gguf, tiny-qwen3"
  })
  void logitsEqualTransformersInFloat32(String model, String reference)
      throws IOException, URISyntaxException {
    Path folder = resource("models/" + reference);
    int[] tokens =
        new JsonMapper()
            .readTree(folder.resolve("reference.json").toFile())
            .path("tokens")
            .valueStream()
            .mapToInt(token -> token.intValue())
            .toArray();
    FloatBuffer expected =
        ByteBuffer.wrap(Files.readAllBytes(folder.resolve("logits.bin")))
            .order(ByteOrder.LITTLE_ENDIAN)
            .asFloatBuffer();
    try (ModelSource source = ModelFiles.open(resource("models/" + model));
        Decoder decoder =
            Decoder.load(
                source.config().shape(),
                source.weights(),
                new DecoderSettings("cpu", Precision.FP32, 1));
        FullAttention full = new FullAttention(decoder, StorageType.FP32)) {
      float[] found = full.append(tokens);
      assertThat(found).hasSize(expected.remaining());
      float worst = 0;
      for (int i = 0; i < found.length; i++) {
        worst = Math.max(worst, Math.abs(found[i] - expected.get(i)));
      }
      System.out.printf("%s: largest difference %.2e%n", model, worst);
      assertThat(worst).isLessThan(1e-4f);
    }
  }

  private static Path resource(String name) throws URISyntaxException {
    Path path =
        Path.of(
            Objects.requireNonNull(TransformersParityTest.class.getResource("/" + name), name)
                .toURI());
    if (!name.endsWith("-gguf")) {
      return path;
    }
    return path.resolve(path.getFileName().toString().replace("-gguf", ".gguf"));
  }
}
