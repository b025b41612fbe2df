package io.ltri.inference.attention;

import java.time.Duration;

/**
 * How look-ups are made while a sequence goes on. Not part of a document's identity.
 *
 * @param budgetTokens retrieved per layer and step
 * @param lookupDeadline a step waits at most this long for a look-up, and again for the blocks
 * @param strict a look-up that fails ends the sequence with an error; otherwise the step goes on
 *     with what is there, and the miss is counted
 */
public record AnsweringSettings(int budgetTokens, Duration lookupDeadline, boolean strict) {

  public AnsweringSettings {
    if (budgetTokens < 0) {
      throw new IllegalArgumentException(
          "budget-tokens is " + budgetTokens + " but must not be negative");
    }
  }
}
