package io.ltri.evaluation.task;

/** Makes samples. The same arguments give the same sample, byte for byte. */
public interface Task {
  /** Short name, as in tables and file names. */
  String name();

  /**
   * Makes a sample whose prompt and generation together have at most so many tokens of the model,
   * and not more than about 2 % fewer, as far as the task's smallest part (a line, a paragraph)
   * allows.
   *
   * @param length in tokens, prompt (with the chat template's own) and generation together
   * @param depth where the needle is to stand, per cent of the text, 0 to 100; {@link
   *     Sample#NO_DEPTH} leaves it to the task. Tasks that draw their depths ignore it and say so.
   * @param seed what the sample is drawn from; for tasks from files, the number of the question,
   *     counted from 0 and around
   * @throws IllegalArgumentException if the task cannot be put into so few tokens
   */
  Sample sample(int length, double depth, long seed);
}
