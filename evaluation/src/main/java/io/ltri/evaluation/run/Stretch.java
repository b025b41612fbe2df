package io.ltri.evaluation.run;

import java.util.Map;

/**
 * How well a variant foretells a stretch of a text, as a line of a result file.
 *
 * @param passage of the text, by number
 * @param length of the passage, tokens
 * @param variant by name
 * @param changes settings of the variant that are not the default
 * @param start of the stretch in the passage
 * @param tokens of the stretch that were foretold
 * @param loss mean of minus the natural logarithm of their probabilities; its exponential is the
 *     perplexity
 */
public record Stretch(
    int passage,
    int length,
    String variant,
    Map<String, String> changes,
    int start,
    int tokens,
    double loss)
    implements Measured {

  @Override
  public String key() {
    return key(passage, length, variant, start);
  }

  static String key(int passage, int length, String variant, int start) {
    return String.join(
        "|",
        "perplexity",
        Integer.toString(length),
        Integer.toString(passage),
        Integer.toString(start),
        variant);
  }
}
