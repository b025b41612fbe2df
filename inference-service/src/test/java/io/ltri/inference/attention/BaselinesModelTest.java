package io.ltri.inference.attention;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BruteForceIndex;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.tensor.DecoderSettings;
import io.ltri.inference.tensor.Precision;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StorageType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Baselines on the default model and the example text, within the trained length: a rough check
 * that they retrieve what helps.
 */
@Tag("slow")
class BaselinesModelTest {
  private static final int TOKENS = 2048;
  private static final int CHUNK = 512;
  private static final int BUDGET = 256;

  @Test
  void retrievalBringsTheNextTokensNearerToFullAttention() throws IOException {
    String path = System.getProperty("LTRI_TEST_MODEL", System.getenv("LTRI_TEST_MODEL"));
    Assumptions.assumeTrue(path != null, "LTRI_TEST_MODEL names the default model's file");
    try (LanguageModel model =
        LanguageModel.open(
            Path.of(Objects.requireNonNull(path)), new DecoderSettings("cpu", Precision.FP32, 1))) {
      Memories memories =
          new Memories(
              model.decoder(),
              new BruteForceIndex(),
              new BlockCache(1 << 20),
              Runnable::run,
              model::sentenceEnds,
              model.trainedLength());
      int[] text =
          Arrays.copyOf(
              model
                  .tokenizer()
                  .encodeText(Files.readString(Path.of("../examples/harbour-chronicle.txt"))),
              TOKENS);
      int vocabulary = model.decoder().shape().vocabulary();
      float[] full = lastChunk(model, memories, PolicyName.FULL, text);
      Map<PolicyName, Double> divergence = new EnumMap<>(PolicyName.class);
      for (PolicyName policy :
          new PolicyName[] {PolicyName.STREAMING, PolicyName.INFLLM, PolicyName.ORACLE}) {
        double mean = divergence(full, lastChunk(model, memories, policy, text), vocabulary);
        System.out.printf(
            Locale.ROOT,
            "%s: %.4f nats from full attention, mean of %d tokens%n",
            policy,
            mean,
            CHUNK);
        divergence.put(policy, mean);
      }
      Double streaming = divergence.get(PolicyName.STREAMING);
      assertThat(divergence.get(PolicyName.ORACLE)).isLessThan(streaming);
      assertThat(divergence.get(PolicyName.INFLLM)).isLessThan(streaming);
    }
  }

  /** Logits of the last chunk, [CHUNK, vocabulary]. */
  private static float[] lastChunk(
      LanguageModel model, Memories memories, PolicyName policy, int[] text) {
    ReadingSettings settings =
        new ReadingSettings(
            policy, 64, 512, CHUNK, BUDGET, 8, 64, SpanSettings.DEFAULT, StorageType.BF16);
    float[] logits = {};
    long start = System.nanoTime();
    try (SequenceMemory memory =
        memories.fresh(settings, new AnsweringSettings(BUDGET, Duration.ofSeconds(10), true))) {
      for (int i = 0; i < text.length; i += CHUNK) {
        try (Step step = model.decoder().begin(Arrays.copyOfRange(text, i, i + CHUNK))) {
          memory.forward(step);
          if (i + CHUNK == text.length) {
            logits = step.allLogits();
          }
        }
      }
    }
    System.out.printf(
        Locale.ROOT,
        "%s: %.1f s for %d tokens%n",
        policy,
        (System.nanoTime() - start) / 1e9,
        TOKENS);
    return logits;
  }

  /** Mean Kullback-Leibler divergence of rows of logits, in nats. */
  private static double divergence(float[] expected, float[] found, int vocabulary) {
    int rows = expected.length / vocabulary;
    double sum = 0;
    for (int row = 0; row < rows; row++) {
      double[] p = logProbabilities(expected, row * vocabulary, vocabulary);
      double[] q = logProbabilities(found, row * vocabulary, vocabulary);
      for (int i = 0; i < vocabulary; i++) {
        sum += Math.exp(p[i]) * (p[i] - q[i]);
      }
    }
    return sum / rows;
  }

  private static double[] logProbabilities(float[] logits, int from, int count) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      max = Math.max(max, logits[from + i]);
    }
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += Math.exp(logits[from + i] - max);
    }
    double[] result = new double[count];
    for (int i = 0; i < count; i++) {
      result[i] = logits[from + i] - max - Math.log(sum);
    }
    return result;
  }
}
