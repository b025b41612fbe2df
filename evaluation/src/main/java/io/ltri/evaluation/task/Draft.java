package io.ltri.evaluation.task;

import java.util.List;

/**
 * A sample before its size is settled.
 *
 * @param depth as in {@link Sample}
 * @param repeats whether the haystack was too short and stands in the document more than once
 */
record Draft(
    String document,
    String question,
    String answerPrefix,
    List<String> references,
    double depth,
    boolean repeats) {

  Draft(
      String document,
      String question,
      String answerPrefix,
      List<String> references,
      double depth) {
    this(document, question, answerPrefix, references, depth, false);
  }
}
