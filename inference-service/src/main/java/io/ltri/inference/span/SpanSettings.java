package io.ltri.inference.span;

/**
 * How a layer's text is cut and summarised. The paper's public parts give none of these figures;
 * the defaults are this project's.
 *
 * @param shortest tokens of the shortest span
 * @param longest tokens of the longest span; at least {@code 2 * shortest - 1}, so that every run
 *     of at least {@code shortest} tokens can be cut into spans within bounds
 * @param thetaFactor c in {@code theta_i = c * (mean of row i in the band)}: how far above the
 *     row's mean a cell must be to speak for a span. 0 would make the longest span win always.
 * @param spanCost rho, what a span must score before it counts; larger values give fewer spans
 * @param mostDynamicVectors dynamic vectors of the least confident span; the static vector comes on
 *     top
 * @param theta whether theta follows the row
 * @param thetaConstant theta where it does not
 * @param cutting which segmenter
 * @param vectors which index vectors a span gets
 * @param layerGroup so many layers, one after the other, share one partition, that of the mean of
 *     their bands; 1: each layer has its own
 */
public record SpanSettings(
    int shortest,
    int longest,
    double thetaFactor,
    double spanCost,
    int mostDynamicVectors,
    ThetaForm theta,
    double thetaConstant,
    Cutting cutting,
    VectorForm vectors,
    int layerGroup) {

  /** Found blocks best among the constants that were tried on synthetic maps. */
  public static final double DEFAULT_THETA_CONSTANT = 0.008;

  public static final SpanSettings DEFAULT = new SpanSettings(8, 64, 1, 0, 4);

  /** The method as it is by default, with other figures. */
  public SpanSettings(
      int shortest, int longest, double thetaFactor, double spanCost, int mostDynamicVectors) {
    this(
        shortest,
        longest,
        thetaFactor,
        spanCost,
        mostDynamicVectors,
        ThetaForm.BAND,
        DEFAULT_THETA_CONSTANT,
        Cutting.DEFAULT,
        VectorForm.DYNAMIC,
        1);
  }

  public SpanSettings {
    if (shortest < 1) {
      throw new IllegalArgumentException(
          "shortest span is " + shortest + " tokens: it must be at least 1");
    }
    if (longest < 2L * shortest - 1) {
      throw new IllegalArgumentException(
          "longest span is %d tokens with a shortest of %d: some runs could not be cut within bounds; set longest to at least %d"
              .formatted(longest, shortest, 2L * shortest - 1));
    }
    if (longest > 1 << 14) {
      throw new IllegalArgumentException(
          "longest span is %d tokens: the band keeps twice that many values per token; set at most %d"
              .formatted(longest, 1 << 14));
    }
    if (!(thetaFactor > 0) || Double.isInfinite(thetaFactor)) {
      throw new IllegalArgumentException(
          "theta factor is %s: it must be positive, or the longest span would always win"
              .formatted(thetaFactor));
    }
    if (!(spanCost >= 0) || Double.isInfinite(spanCost)) {
      throw new IllegalArgumentException(
          "span cost is %s: it must be zero or positive".formatted(spanCost));
    }
    if (mostDynamicVectors < 1) {
      throw new IllegalArgumentException(
          "most dynamic vectors is %d: a span has at least one".formatted(mostDynamicVectors));
    }
    if (!(thetaConstant > 0 && thetaConstant < 1)) {
      throw new IllegalArgumentException(
          "theta-constant is %s: it must lie between 0 and 1, as the probabilities do that it is compared with"
              .formatted(thetaConstant));
    }
    boolean lengthsAreSet =
        cutting.segmenter() == SegmenterName.UNIFORM || cutting.segmenter() == SegmenterName.RANDOM;
    if (lengthsAreSet
        && (cutting.uniformTokens() < shortest || cutting.uniformTokens() > longest)) {
      throw new IllegalArgumentException(
          "span-uniform-tokens is %d but must lie between span-shortest (%d) and span-longest (%d)"
              .formatted(cutting.uniformTokens(), shortest, longest));
    }
    if (layerGroup < 1) {
      throw new IllegalArgumentException(
          "span-layer-group is %d: it must be at least 1 layer".formatted(layerGroup));
    }
  }

  /**
   * The same with another segmenter.
   *
   * @throws IllegalArgumentException if its figures do not fit
   */
  public SpanSettings with(SegmenterName segmenter) {
    return with(cutting.with(segmenter));
  }

  public SpanSettings with(Cutting other) {
    return new SpanSettings(
        shortest,
        longest,
        thetaFactor,
        spanCost,
        mostDynamicVectors,
        theta,
        thetaConstant,
        other,
        vectors,
        layerGroup);
  }

  /** The same with other index vectors. */
  public SpanSettings with(VectorForm other) {
    return new SpanSettings(
        shortest,
        longest,
        thetaFactor,
        spanCost,
        mostDynamicVectors,
        theta,
        thetaConstant,
        cutting,
        other,
        layerGroup);
  }

  /**
   * Columns a {@link Band} must hold: a span and the neighbourhood that votes on it reach over two
   * times the longest span.
   */
  public int bandWidth() {
    return 2 * longest;
  }
}
