package io.ltri.inference.span;

/**
 * EM-LLM's rule (arXiv 2407.09450): a token is a surprise when its surprisal exceeds
 *
 * <pre>  mean + gamma * standard deviation  of the surprisals of the tokens before it</pre>
 *
 * over a window. Its code takes the window before the chunk at hand; here it is the one before the
 * token, so that chunks do not matter, and an event begins with the surprising token, where its
 * code begins it one token earlier. Tokens whose surprisal is not known (the first of a text) are
 * no surprises and are left out of both figures.
 */
final class Surprise {
  private final Cutting cutting;
  private final TokenSignal surprisals;

  Surprise(Cutting cutting, TokenSignal surprisals) {
    this.cutting = cutting;
    this.surprisals = surprisals;
  }

  boolean at(int position) {
    int known = 0;
    double sum = 0;
    double squares = 0;
    for (int p = Math.max(0, position - cutting.surpriseWindowTokens()); p < position; p++) {
      double surprisal = surprisals.at(p);
      if (!Double.isNaN(surprisal)) {
        known++;
        sum += surprisal;
        squares += surprisal * surprisal;
      }
    }
    if (known < 2) {
      return false;
    }
    double mean = sum / known;
    double deviation = Math.sqrt(Math.max(0, squares / known - mean * mean));
    return surprisals.at(position) > mean + cutting.surpriseFactor() * deviation;
  }
}
