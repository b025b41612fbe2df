package io.ltri.inference.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Against transformers, which computes in float32: {@code src/test/python/rope.py}. */
class RopeScalingTest {

  private static final double FLOAT_STEPS = 5e-7;

  static Stream<Arguments> cases() throws IOException {
    List<Arguments> result = new ArrayList<>();
    String text = Files.readString(TestModels.resource("rope/cases.json"));
    for (JsonNode node : new JsonMapper().readTree(text).values()) {
      result.add(
          Arguments.of(
              node.get("name").stringValue(),
              node.get("config").toString(),
              numbers(node.get("inverseFrequencies"))));
    }
    assertThat(result).hasSizeGreaterThan(5);
    return result.stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void inverseFrequenciesAreThoseOfTransformers(String name, String config, double[] expected) {
    ModelConfig read =
        HuggingFaceConfig.read(JsonFile.parse(Path.of("config.json"), "", config), null);
    assertClose(read.shape().inverseFrequencies(), expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-llama", "tiny-qwen2", "tiny-qwen3"})
  void tinyModelsTurnAsInTransformers(String name) throws IOException {
    String reference = Files.readString(TestModels.model(name).resolve("reference.json"));
    double[] expected = numbers(new JsonMapper().readTree(reference).get("inverseFrequencies"));
    try (ModelSource model = ModelFiles.open(TestModels.model(name))) {
      assertClose(model.config().shape().inverseFrequencies(), expected);
    }
  }

  @Test
  void scalingLeavesItsArgumentAlone() {
    double[] unscaled = {1, 0.5, 0.001};
    for (RopeScaling scaling :
        List.of(
            new RopeScaling.None(),
            new RopeScaling.Linear(2),
            new RopeScaling.Llama3(8, 1, 4, 64),
            new RopeScaling.Divisors(List.of(1.0, 2.0, 4.0)))) {
      double[] scaled = scaling.apply(unscaled);
      assertThat(scaled).isNotSameAs(unscaled);
      assertThat(unscaled).containsExactly(1, 0.5, 0.001);
    }
    assertThat(new RopeScaling.Divisors(List.of(1.0, 2.0, 4.0)).apply(unscaled))
        .containsExactly(1, 0.25, 0.00025);
  }

  private static void assertClose(double[] actual, double[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(FLOAT_STEPS * expected[i]));
    }
  }

  private static double[] numbers(JsonNode list) {
    return list.values().stream().mapToDouble(JsonNode::doubleValue).toArray();
  }
}
