package io.ltri.inference.span;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * Cuts by a rule that does not ask attention: where a span starts says where it ends. Spans still
 * carry their triangle score, so that all documents can be compared.
 */
final class RuleSegmenter implements Segmenter {
  private final SpanSettings settings;
  private final IntUnaryOperator endOfSpan;

  /**
   * @param endOfSpan from the text position of a span's first token to that after its last; may
   *     look at the text up to {@code 2 * longest} tokens from the first
   */
  RuleSegmenter(SpanSettings settings, IntUnaryOperator endOfSpan) {
    this.settings = settings;
    this.endOfSpan = endOfSpan;
  }

  @Override
  public List<SpanRange> closable(Band band, int start, int end) {
    Segmentation.require(band, start, end, settings);
    List<SpanRange> closed = new ArrayList<>();
    int at = start;
    while (at + 2 * settings.longest() <= end) {
      int cut = endOfSpan.applyAsInt(at);
      closed.add(new SpanRange(at, cut, TriangleScores.of(band, at, cut, settings)));
      at = cut;
    }
    return List.copyOf(closed);
  }
}
