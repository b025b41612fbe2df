package io.ltri.inference.attention;

import java.time.Duration;

/**
 * How look-ups are made while a sequence goes on. Not part of a document's identity.
 *
 * @param budgetTokens retrieved per layer and step
 * @param lookupDeadline a step waits at most this long for the index, all look-ups, fetches and
 *     sent spans together; if strict, so long for each look-up with its fetches
 * @param strict a look-up that still fails at its deadline ends the sequence with an error;
 *     otherwise the step goes on with what is there, and the miss is counted
 * @param lookup the switches of a look-up
 */
public record AnsweringSettings(
    int budgetTokens, Duration lookupDeadline, boolean strict, LookupSettings lookup) {

  public AnsweringSettings {
    if (budgetTokens < 0) {
      throw new IllegalArgumentException(
          "budget-tokens is " + budgetTokens + " but must not be negative");
    }
  }

  /** With every switch of the look-up off. */
  public AnsweringSettings(int budgetTokens, Duration lookupDeadline, boolean strict) {
    this(budgetTokens, lookupDeadline, strict, LookupSettings.DEFAULT);
  }

  public AnsweringSettings withBudgetTokens(int other) {
    return new AnsweringSettings(other, lookupDeadline, strict, lookup);
  }

  public AnsweringSettings withStrict(boolean other) {
    return new AnsweringSettings(budgetTokens, lookupDeadline, other, lookup);
  }

  /** The budget of the layer that has most. */
  public int mostBudgetTokens() {
    return lookup.mostBudgetTokens(budgetTokens);
  }
}
