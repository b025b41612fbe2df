package io.ltri.evaluation.run;

import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.attention.SharedText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Lets variants read a text and asks how probable they find each of its tokens. */
public final class Perplexity {
  private final Lab lab;
  private final int stretchTokens;

  /**
   * @param stretchTokens losses are averaged over stretches of so many tokens
   */
  public Perplexity(Lab lab, int stretchTokens) {
    this.lab = lab;
    this.stretchTokens = stretchTokens;
  }

  /**
   * Reads a passage as a document is read. The reading budget is what a variant retrieves here.
   *
   * @param tokens of the passage, with what stands before it
   * @param passage its number
   */
  public List<Stretch> of(Variant variant, int[] tokens, int passage) {
    double[] losses = new double[tokens.length / stretchTokens + 1];
    int[] counts = new int[losses.length];
    int chunk = variant.settings().reading().chunkTokens();
    try (SharedText text = lab.begin(variant.settings().reading())) {
      SequenceMemory memory = text.reading();
      for (int from = 0; from < tokens.length; from += chunk) {
        int to = Math.min(tokens.length, from + chunk);
        int next = to < tokens.length ? tokens[to] : -1;
        float[] found =
            lab.model().logProbabilities(memory, Arrays.copyOfRange(tokens, from, to), next);
        for (int i = 0; i < found.length; i++) {
          int stretch = (from + 1 + i) / stretchTokens;
          losses[stretch] -= found[i];
          counts[stretch]++;
        }
      }
    }
    List<Stretch> stretches = new ArrayList<>();
    for (int i = 0; i < losses.length; i++) {
      if (counts[i] > 0) {
        stretches.add(
            new Stretch(
                passage,
                tokens.length,
                variant.name(),
                variant.changes(),
                i * stretchTokens,
                counts[i],
                losses[i] / counts[i]));
      }
    }
    return stretches;
  }
}
