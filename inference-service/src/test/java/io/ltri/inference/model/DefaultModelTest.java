package io.ltri.inference.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The default model, SmolLM2-135M-Instruct with Q4_1 and Q8_0 tensors. */
@Tag("slow")
class DefaultModelTest {

  private static Path file;

  @BeforeAll
  static void find() {
    String path = System.getProperty("LTRI_TEST_MODEL", System.getenv("LTRI_TEST_MODEL"));
    Assumptions.assumeTrue(path != null, "LTRI_TEST_MODEL names no model file");
    file = Path.of(path);
  }

  @Test
  void hasTheKnownConfiguration() {
    try (ModelSource model = ModelFiles.open(file)) {
      ModelConfig config = model.config();
      assertThat(config.family()).isEqualTo(ModelFamily.LLAMA);
      assertThat(config.layers()).isEqualTo(30);
      assertThat(config.queryHeads()).isEqualTo(9);
      assertThat(config.kvHeads()).isEqualTo(3);
      assertThat(config.headDim()).isEqualTo(64);
      assertThat(config.vocabulary()).isEqualTo(49_152);
      assertThat(config.trainedLength()).isEqualTo(8192);
      assertThat(config.ropeBase()).isEqualTo(100_000);
      assertThat(config.tiedOutput()).isTrue();
      assertThat(config.eos()).startsWith(2);
      assertThat(model.vocabulary().orElseThrow().merges()).hasSize(48_900);
      assertThat(model.weightsDigest())
          .isEqualTo("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53");
    }
  }

  /** {@code src/test/python/tensor_types.py} computes the digests with the gguf package. */
  @Test
  void tensorsAreThoseOfTheGgufPackage() throws Exception {
    JsonNode expected =
        new JsonMapper()
            .readTree(Files.readString(TestModels.resource("tensor-types/default-model.json")));
    assertThat(expected.size()).isEqualTo(6);
    try (ModelSource model = ModelFiles.open(file)) {
      for (Map.Entry<String, JsonNode> entry : expected.properties()) {
        float[] values = TestModels.read(model.weights(), entry.getKey());
        byte[] bytes = new byte[4 * values.length];
        MemorySegment.copy(
            MemorySegment.ofArray(values),
            ValueLayout.JAVA_FLOAT,
            0,
            MemorySegment.ofArray(bytes),
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
            0,
            values.length);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
        assertThat(HexFormat.of().formatHex(digest))
            .as(entry.getKey())
            .isEqualTo(entry.getValue().stringValue());
      }
    }
  }

  @Test
  void parallelAndSequentialReadsAgree() throws IOException {
    try (ModelSource model = ModelFiles.open(file);
        Arena shared = Arena.ofShared()) {
      for (String name :
          new String[] {"model.embed_tokens.weight", "model.layers.4.self_attn.q_proj.weight"}) {
        float[] sequential = TestModels.read(model.weights(), name);
        MemorySegment destination = shared.allocate(4L * sequential.length, 4);
        model.weights().read(name, destination);
        assertThat(destination.mismatch(MemorySegment.ofArray(sequential))).isEqualTo(-1);
      }
    }
  }
}
