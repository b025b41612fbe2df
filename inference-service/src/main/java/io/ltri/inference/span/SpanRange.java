package io.ltri.inference.span;

/**
 * A run of tokens that attend to each other.
 *
 * @param start text position of the first token
 * @param end text position after the last token
 * @param score triangle score S(start, end - 1) ({@link TriangleScores}), before the span cost. Not
 *     above the span cost: a filler, tokens that belong to no span but must be kept.
 */
public record SpanRange(int start, int end, float score) {

  public SpanRange {
    if (start < 0 || end <= start) {
      throw new IllegalArgumentException(
          "span [%d, %d): a span starts at a text position and holds at least one token"
              .formatted(start, end));
    }
  }

  public int length() {
    return end - start;
  }
}
