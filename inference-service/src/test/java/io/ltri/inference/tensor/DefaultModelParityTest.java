package io.ltri.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.inference.model.ModelFiles;
import io.ltri.inference.model.ModelSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The default model against transformers. {@code parity/smollm2.json} is made by {@code
 * src/test/python/parity_smollm2.py}, which says what it holds.
 */
@Tag("slow")
class DefaultModelParityTest {

  private static List<Case> cases = List.of();
  private static @Nullable ModelSource source;
  private static @Nullable Decoder reference;

  private record Case(int[] tokens, int[] ids, float[] logits, int[] greedy) {}

  @BeforeAll
  static void open() throws IOException {
    String path = System.getProperty("LTRI_TEST_MODEL", System.getenv("LTRI_TEST_MODEL"));
    Assumptions.assumeTrue(path != null, "LTRI_TEST_MODEL names the default model's file");
    source = ModelFiles.open(Path.of(Objects.requireNonNull(path)));
    reference = load(Precision.FP32);
    try (InputStream golden =
        Objects.requireNonNull(
            DefaultModelParityTest.class.getResourceAsStream("/parity/smollm2.json"))) {
      cases =
          new JsonMapper()
              .readTree(golden)
              .valueStream()
              .map(
                  node ->
                      new Case(
                          ints(node.path("tokens")),
                          ints(node.path("ids")),
                          floats(node.path("logits")),
                          ints(node.path("greedy"))))
              .toList();
    }
    assertThat(cases).hasSize(20);
  }

  @AfterAll
  static void close() {
    if (reference != null) {
      reference.close();
    }
    if (source != null) {
      source.close();
    }
  }

  @Test
  void logitsEqualTransformersInFloat32() {
    float worst = 0;
    for (Case prompt : cases) {
      try (FullAttention full = new FullAttention(reference(), StorageType.FP32)) {
        float[] found = full.appendForLast(prompt.tokens());
        for (int i = 0; i < prompt.ids().length; i++) {
          worst = Math.max(worst, Math.abs(found[prompt.ids()[i]] - prompt.logits()[i]));
        }
      }
    }
    System.out.printf("largest difference to transformers: %.2e%n", worst);
    assertThat(worst).isLessThan(1e-3f);
  }

  /** The last token as a decode step, whose weights are those of the file. */
  @Test
  void logitsOfStepsEqualTransformers() {
    float worst = 0;
    for (Case prompt : cases) {
      try (FullAttention full = new FullAttention(reference(), StorageType.FP32)) {
        int last = prompt.tokens().length - 1;
        if (last > 0) {
          float[] unused = full.appendForLast(Arrays.copyOf(prompt.tokens(), last));
        }
        float[] found = full.appendForLast(prompt.tokens()[last]);
        for (int i = 0; i < prompt.ids().length; i++) {
          worst = Math.max(worst, Math.abs(found[prompt.ids()[i]] - prompt.logits()[i]));
        }
      }
    }
    System.out.printf("steps, largest difference to transformers: %.2e%n", worst);
    assertThat(worst).isLessThan(1e-3f);
  }

  /**
   * Decode steps over keys and values that were read in bfloat16: every token as a step of its own.
   */
  @Test
  void stepsWithStoredWeightsStayCloserToFloat32ThanBfloat16() {
    double stored = divergenceOfSteps(true);
    double rounded = divergenceOfSteps(false);
    System.out.printf(
        "steps in bf16: mean divergence %.6f with stored weights, %.6f without%n", stored, rounded);
    assertThat(stored).isLessThan(rounded);
  }

  private static double divergenceOfSteps(boolean storedWeights) {
    double sum = 0;
    int count = 0;
    ModelSource model = Objects.requireNonNull(source);
    DecoderSettings settings = new DecoderSettings("cpu", Precision.BF16, 1, storedWeights, 1);
    try (Decoder decoder = Decoder.load(model.config().shape(), model.weights(), settings)) {
      for (Case prompt : cases) {
        int half = prompt.tokens().length / 2;
        int steps = Math.min(16, prompt.tokens().length - half);
        if (half == 0) {
          continue;
        }
        try (FullAttention wide = new FullAttention(reference(), StorageType.BF16);
            FullAttention close = new FullAttention(decoder, StorageType.BF16)) {
          int[] chunk = Arrays.copyOf(prompt.tokens(), half);
          float[] unused = wide.appendForLast(chunk);
          unused = close.appendForLast(chunk);
          for (int i = 0; i < steps; i++) {
            int token = prompt.tokens()[half + i];
            sum += divergence(wide.appendForLast(token), close.appendForLast(token));
            count++;
          }
        }
      }
    }
    return sum / count;
  }

  @Test
  void greedyTokensEqualTransformers() {
    int compared = 0;
    for (Case prompt : cases) {
      if (prompt.greedy().length == 0) {
        continue;
      }
      compared++;
      try (FullAttention full = new FullAttention(reference(), StorageType.FP32)) {
        int[] found = new int[prompt.greedy().length];
        int next = best(full.appendForLast(prompt.tokens()));
        for (int i = 0; i < found.length; i++) {
          found[i] = next;
          next = best(full.appendForLast(next));
        }
        assertThat(found).isEqualTo(prompt.greedy());
      }
    }
    assertThat(compared).isEqualTo(10);
  }

  /**
   * Mean divergence from float32 in nats, and agreement on the likeliest token wherever float32 is
   * sure of it by the margin.
   */
  @ParameterizedTest
  @CsvSource({"BF16, 0.003, 1.0", "FP16, 0.0002, 0.5", "INT8, 0.05, 3.0"})
  void narrowPrecisionStaysCloseToFloat32(
      Precision precision, double meanDivergence, float margin) {
    double sum = 0;
    double worstMargin = 0;
    int same = 0;
    int count = 0;
    try (Decoder narrow = load(precision)) {
      for (Case prompt : cases) {
        try (FullAttention wide = new FullAttention(reference(), StorageType.BF16);
            FullAttention close = new FullAttention(narrow, StorageType.BF16)) {
          for (int done = 0; done < prompt.tokens().length; done += 64) {
            int[] chunk =
                Arrays.copyOfRange(
                    prompt.tokens(), done, Math.min(done + 64, prompt.tokens().length));
            float[] expected = wide.append(chunk);
            float[] found = close.append(chunk);
            int vocabulary = reference().shape().vocabulary();
            for (int t = 0; t < chunk.length; t++) {
              float[] p = Arrays.copyOfRange(expected, t * vocabulary, (t + 1) * vocabulary);
              float[] q = Arrays.copyOfRange(found, t * vocabulary, (t + 1) * vocabulary);
              sum += divergence(p, q);
              count++;
              int top = best(p);
              if (top == best(q)) {
                same++;
              } else {
                worstMargin = Math.max(worstMargin, p[top] - second(p, top));
              }
            }
          }
        }
      }
    }
    System.out.printf(
        "%s: mean divergence %.6f, same top token %d of %d, largest lost margin %.3f%n",
        precision, sum / count, same, count, worstMargin);
    assertThat(sum / count).isLessThan(meanDivergence);
    assertThat(worstMargin).isLessThan(margin);
  }

  private static Decoder load(Precision precision) {
    ModelSource model = Objects.requireNonNull(source);
    return Decoder.load(
        model.config().shape(), model.weights(), new DecoderSettings("cpu", precision, 1));
  }

  private static Decoder reference() {
    return Objects.requireNonNull(reference);
  }

  private static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  private static float second(float[] logits, int best) {
    float second = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < logits.length; i++) {
      if (i != best) {
        second = Math.max(second, logits[i]);
      }
    }
    return second;
  }

  private static double divergence(float[] p, float[] q) {
    double logP = logSumExp(p);
    double logQ = logSumExp(q);
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      double left = p[i] - logP;
      sum += Math.exp(left) * (left - (q[i] - logQ));
    }
    return sum;
  }

  private static double logSumExp(float[] values) {
    double max = values[best(values)];
    double sum = 0;
    for (float value : values) {
      sum += Math.exp(value - max);
    }
    return max + Math.log(sum);
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::intValue).toArray();
  }

  private static float[] floats(JsonNode array) {
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).floatValue();
    }
    return values;
  }
}
