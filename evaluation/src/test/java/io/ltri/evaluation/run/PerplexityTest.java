package io.ltri.evaluation.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.attention.SharedText;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PerplexityTest {
  private static final Map<String, String> SMALL =
      Map.of(
          "sink-tokens", "4",
          "window-tokens", "48",
          "chunk-tokens", "32",
          "reading-budget-tokens", "16",
          "span-shortest", "4",
          "span-longest", "16",
          "precision", "fp32");

  @TempDir Path data;

  @Test
  void lossIsThatOfEachTokenGivenAllBefore() {
    Variant full = Variant.parse("full", SMALL);
    try (Lab lab =
        new Lab(
            Path.of("../inference-service/src/test/resources/models/tiny-llama"),
            full.settings().decoder(),
            data)) {
      int[] tokens =
          lab.model()
              .tokenizer()
              .encodeText("The ship that came in the night left before morning. ".repeat(9));
      double[] expected = new double[2];
      int[] counts = new int[2];
      try (SharedText text = lab.begin(full.settings().reading())) {
        SequenceMemory memory = text.reading();
        for (int i = 0; i + 1 < tokens.length; i++) {
          float[] logits = lab.model().pass(memory, new int[] {tokens[i]}, true);
          double sum = 0;
          for (float logit : logits) {
            sum += Math.exp(logit);
          }
          int stretch = (i + 1) / 64;
          if (stretch < 2) {
            expected[stretch] += Math.log(sum) - logits[tokens[i + 1]];
            counts[stretch]++;
          }
        }
      }
      List<Stretch> found = new Perplexity(lab, 64).of(full, tokens, 3);
      assertThat(found).hasSize((tokens.length - 1) / 64 + 1);
      for (int i = 0; i < 2; i++) {
        assertThat(found.get(i).start()).isEqualTo(64 * i);
        assertThat(found.get(i).tokens()).isEqualTo(counts[i]).isEqualTo(i == 0 ? 63 : 64);
        assertThat(found.get(i).loss()).isCloseTo(expected[i] / counts[i], within(1e-4));
      }
      List<Stretch> streaming =
          new Perplexity(lab, 64).of(Variant.parse("streaming", SMALL), tokens, 3);
      assertThat(streaming.getFirst().loss()).isCloseTo(found.getFirst().loss(), within(1e-4));
      assertThat(streaming.getLast().loss()).isNotEqualTo(found.getLast().loss());
    }
  }
}
