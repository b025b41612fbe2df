package io.ltri.inference.engine;

/** What becomes of an answer when the index fails in the middle of it. */
public enum OnIndexFailure {
  /** It goes on with what is there, and what was missed is counted. */
  DEGRADE,
  /**
   * The text is computed again in the process, under full attention, if it is short enough for
   * that; otherwise the answer ends with an error.
   */
  RECOMPUTE,
  /** It ends with an error. */
  FAIL
}
