package io.ltri.inference.span;

/** What a cell of the attention map must be worth to speak for a span. */
public enum ThetaForm {
  /** A multiple of the row's mean in the band. */
  BAND,
  /** The same number for all rows, as the public parts of the paper have it. */
  CONSTANT
}
