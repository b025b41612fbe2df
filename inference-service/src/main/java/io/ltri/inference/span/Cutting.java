package io.ltri.inference.span;

/**
 * Which segmenter cuts, and the figures that some of them need. A figure counts only for the
 * segmenters that use it.
 *
 * @param nmsOverlap {@code nms}: a span is taken when its intersection over union with every span
 *     taken before is at most this; 0: no overlap
 * @param uniformTokens {@code uniform}: tokens of a span; {@code random}: their mean
 * @param surpriseFactor {@code surprise}: gamma in {@code mean + gamma * standard deviation}, above
 *     which a token's surprisal is a surprise
 * @param surpriseWindowTokens {@code surprise}: mean and deviation are those of so many tokens
 *     before
 */
public record Cutting(
    SegmenterName segmenter,
    double nmsOverlap,
    int uniformTokens,
    double surpriseFactor,
    int surpriseWindowTokens) {

  /** 18 tokens are the mean length that triangle spans had on natural text. */
  public static final Cutting DEFAULT = new Cutting(SegmenterName.DYNAMIC_PROGRAM, 0, 18, 1, 512);

  public Cutting {
    if (!(nmsOverlap >= 0 && nmsOverlap < 1)) {
      throw new IllegalArgumentException(
          "nms-overlap is %s: it must be at least 0 and below 1".formatted(nmsOverlap));
    }
    if (uniformTokens < 1) {
      throw new IllegalArgumentException(
          "span-uniform-tokens is %d: a span has at least one token".formatted(uniformTokens));
    }
    if (!Double.isFinite(surpriseFactor)) {
      throw new IllegalArgumentException(
          "surprise-factor is %s: it must be a number".formatted(surpriseFactor));
    }
    if (surpriseWindowTokens < 2) {
      throw new IllegalArgumentException(
          "surprise-window-tokens is %d: a deviation needs at least 2 tokens"
              .formatted(surpriseWindowTokens));
    }
  }

  /** The same figures for another segmenter. */
  public Cutting with(SegmenterName other) {
    return new Cutting(other, nmsOverlap, uniformTokens, surpriseFactor, surpriseWindowTokens);
  }
}
