package io.ltri.evaluation.run;

import java.util.Map;

/**
 * One answer of one variant to one sample, as a line of the result file.
 *
 * @param task by name
 * @param sample by its id within task and length
 * @param length asked for, in tokens
 * @param depth of the needle in the document, 0 to 100 per cent; -1 where there is none
 * @param seed from which the sample follows
 * @param variant by name
 * @param changes settings of the variant that are not the default
 * @param score 0 to 1
 * @param output what the model said
 * @param references what it should have said
 * @param promptTokens document, question and template
 * @param documentTokens of them those of the document
 * @param recall per layer, after the question: share of the needle's tokens that the layer attends
 *     to; empty where there is no needle
 * @param figures counts and milliseconds by name
 */
public record Row(
    String task,
    String sample,
    int length,
    double depth,
    long seed,
    String variant,
    Map<String, String> changes,
    double score,
    String output,
    java.util.List<String> references,
    int promptTokens,
    int documentTokens,
    java.util.List<Double> recall,
    Map<String, Long> figures)
    implements Measured {

  @Override
  public String key() {
    return key(task, length, sample, variant);
  }

  /** As {@link #key()}, before there is a row. */
  public static String key(String task, int length, String sample, String variant) {
    return String.join("|", task, Integer.toString(length), sample, variant);
  }
}
