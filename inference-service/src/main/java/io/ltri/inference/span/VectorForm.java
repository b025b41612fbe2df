package io.ltri.inference.span;

/** Which index vectors a span gets; all are made of keys before rotation, per KV head. */
public enum VectorForm {
  /** The mean of its keys. */
  STATIC,
  /** The mean, and the most voted keys, the more of them the less confident the span is. */
  DYNAMIC,
  /** As dynamic, without the mean. */
  VOTED,
  /** Each key: the most that vectors can find, at the highest price. */
  EVERY_KEY,
  /**
   * The mean of every {@value IndexVectors#SUB_SPAN_TOKENS} tokens; the last run may be shorter.
   */
  SUB_MEANS
}
