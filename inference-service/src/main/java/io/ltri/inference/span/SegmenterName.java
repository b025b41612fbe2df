package io.ltri.inference.span;

/** What decides where a layer's text is cut into spans. */
public enum SegmenterName {
  /** The highest total of triangle scores: {@link Segmentation}. */
  DYNAMIC_PROGRAM,
  /** The same score, the best spans first: {@link NonMaximumSuppression}. */
  NMS,
  /** Spans of one length. */
  UNIFORM,
  /** Lengths drawn at random. */
  RANDOM,
  /** After tokens that end a sentence. */
  SENTENCE,
  /** Before tokens that surprise the model. EM-LLM, arXiv 2407.09450. */
  SURPRISE;

  /** Does it look at the text, so that it needs a {@link TokenSignal}? */
  public boolean looksAtText() {
    return this == SENTENCE || this == SURPRISE;
  }
}
