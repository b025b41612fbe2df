package io.ltri.inference.span;

import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;

/**
 * Spans between the breaks of a text. A break that would leave fewer than {@code shortest} tokens
 * is passed over; where none comes within {@code longest}, the span is cut there, or so much
 * earlier that the tokens up to the next break are not too few.
 */
final class BreaksOfText implements IntUnaryOperator {
  private final int shortest;
  private final int longest;
  private final IntPredicate breaksBefore;

  /**
   * @param breaksBefore does the text break before the token at this position?
   */
  BreaksOfText(SpanSettings settings, IntPredicate breaksBefore) {
    this.shortest = settings.shortest();
    this.longest = settings.longest();
    this.breaksBefore = breaksBefore;
  }

  @Override
  public int applyAsInt(int start) {
    int limit = start + longest;
    for (int cut = start + shortest; cut <= limit; cut++) {
      if (breaksBefore.test(cut)) {
        return cut;
      }
    }
    for (int next = limit + 1; next < limit + shortest; next++) {
      if (breaksBefore.test(next)) {
        return next - shortest;
      }
    }
    return limit;
  }
}
