package io.ltri.evaluation.task;

import java.util.List;

/**
 * One question about one long text. Immutable.
 *
 * @param task name of the task that made it
 * @param id names the sample among all of all tasks: the same id is the same sample
 * @param length wanted length of prompt and generation, in tokens of the model
 * @param depth where the needle stands, per cent of the text, 0 to 100, or {@link #NO_DEPTH}
 * @param seed what it was drawn from
 * @param document the long text, read as a document
 * @param question goes into the user message after the document
 * @param answerPrefix stands after the assistant header, the model goes on from it; may be empty
 * @param references what a right answer contains or is compared with, at least one
 * @param match how it is scored
 * @param maxTokens how many tokens the model may generate
 */
public record Sample(
    String task,
    String id,
    int length,
    double depth,
    long seed,
    String document,
    String question,
    String answerPrefix,
    List<String> references,
    Match match,
    int maxTokens) {

  /** The depth of a sample whose needles stand at several places, or that has none. */
  public static final double NO_DEPTH = -1;

  /** Copies the references. */
  public Sample {
    references = List.copyOf(references);
    if (references.isEmpty()) {
      throw new IllegalArgumentException("sample " + id + " has no reference");
    }
    if (depth != NO_DEPTH && !(depth >= 0 && depth <= 100)) {
      throw new IllegalArgumentException("a depth is 0 to 100 per cent, not " + depth);
    }
  }
}
