package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.engine.ComputeThread;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StorageType;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * On the default model, over the real index: a budget that covers everything is full attention.
 * Stored as float32: the two rotate keys to other positions of the same differences, which is the
 * same but for float32's rounding (6e-5 in a logit), and rounding keys and values to bfloat16 makes
 * 500 times as much of that (0.03), so that one could not tell it from a mistake.
 */
@Tag("slow")
class FullAttentionTest {
  private static final int TOKENS = 4096;
  private static final int CHUNK = 512;

  @Test
  void budgetCoveringEverythingEqualsFullAttention() throws IOException {
    LtriExtension ltri =
        LtriExtension.withModel(DefaultModel.path()).with("ltri.inference.precision", "fp32");
    ltri.start();
    try {
      LanguageModel model = ltri.inferenceBean(LanguageModel.class);
      Memories memories = ltri.inferenceBean(Memories.class);
      ComputeThread compute = ltri.inferenceBean(ComputeThread.class);
      int[] text =
          Arrays.copyOf(
              model.tokenizer().encodeText(Files.readString(DefaultModel.example())), TOKENS);
      AnsweringSettings everything = new AnsweringSettings(TOKENS, Duration.ofSeconds(60), true);
      float[] expected;
      try (SequenceMemory full =
          compute.run(() -> memories.fresh(settings(PolicyName.FULL), everything))) {
        expected = compute.run(() -> read(model, full, text));
      }
      try (SequenceMemory ltriMemory =
          compute.run(() -> memories.fresh(settings(PolicyName.LTRI), everything))) {
        float[] actual = compute.run(() -> read(model, ltriMemory, text));
        float furthest = 0;
        for (int i = 0; i < expected.length; i++) {
          furthest = Math.max(furthest, Math.abs(expected[i] - actual[i]));
        }
        System.out.println("largest difference of a logit at 4,096 tokens: " + furthest);
        assertThat(furthest).isLessThan(1e-3f);
        assertThat(ltriMemory.figures().spansOffloaded()).isGreaterThan(1_000);
        assertThat(ltriMemory.figures().spansFetched()).isPositive();
      }
    } finally {
      ltri.stop();
    }
  }

  private static ReadingSettings settings(PolicyName policy) {
    return new ReadingSettings(
        policy, 64, 512, CHUNK, TOKENS, 8, 64, SpanSettings.DEFAULT, StorageType.FP32);
  }

  private static float[] read(LanguageModel model, SequenceMemory memory, int[] tokens) {
    float[] logits = {};
    for (int i = 0; i < tokens.length; i += CHUNK) {
      try (Step step =
          model
              .decoder()
              .begin(Arrays.copyOfRange(tokens, i, Math.min(tokens.length, i + CHUNK)))) {
        memory.forward(step);
        logits = step.logits();
      }
    }
    return logits;
  }
}
