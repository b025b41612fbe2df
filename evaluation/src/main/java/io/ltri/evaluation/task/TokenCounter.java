package io.ltri.evaluation.task;

/**
 * Counts the tokens of a text, without special tokens, in the vocabulary of the model under test.
 */
@FunctionalInterface
public interface TokenCounter {
  /** The number of tokens of the text. */
  int count(String text);
}
