package io.ltri.inference.span;

import java.util.List;

/**
 * Cuts the text of a layer into spans while it arrives.
 *
 * <p>Every segmenter gives a partition: each token is in exactly one span, and spans have between
 * {@code shortest} and {@code longest} tokens. Where a span that starts at a text position ends
 * follows from the text alone, not from how it was chunked or how often this was asked. It leaves
 * at most {@link Segmentation#openAtMost} tokens open, and closes a span only when {@code longest}
 * rows after its end are known, for they vote on it ({@link IndexVectors}).
 */
@FunctionalInterface
public interface Segmenter {

  /**
   * The spans of tokens [start, end) that later tokens cannot change, in order, from {@code start}
   * on; often none when few tokens are new.
   *
   * @param band rows [start, end) at least, as wide as the longest span
   * @param start where the last span that was taken ended, or the sink if none was
   * @param end the rows up to here decide. Best all that are known: then take the spans that have
   *     left the window, and leave the others for a later call, which finds them again.
   */
  List<SpanRange> closable(Band band, int start, int end);

  /**
   * The segmenter of one layer.
   *
   * @param signal what the text says; must reach as far as the rows, if the segmenter looks at it
   *     ({@link SegmenterName#looksAtText}), and back to {@code surpriseWindowTokens} before
   */
  static Segmenter of(SpanSettings settings, TokenSignal signal, int layer) {
    Cutting cutting = settings.cutting();
    return switch (cutting.segmenter()) {
      case DYNAMIC_PROGRAM ->
          (band, start, end) -> Segmentation.closable(band, start, end, settings);
      case NMS -> new NonMaximumSuppression(settings);
      case UNIFORM -> new RuleSegmenter(settings, start -> start + cutting.uniformTokens());
      case RANDOM -> new RuleSegmenter(settings, new RandomLengths(settings, layer));
      case SENTENCE ->
          new RuleSegmenter(
              settings, new BreaksOfText(settings, position -> signal.at(position - 1) > 0));
      case SURPRISE ->
          new RuleSegmenter(
              settings, new BreaksOfText(settings, new Surprise(cutting, signal)::at));
    };
  }
}
