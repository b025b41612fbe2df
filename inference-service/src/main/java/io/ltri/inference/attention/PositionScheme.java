package io.ltri.inference.attention;

import java.util.Locale;

/** At which positions a layer attends to what is resident. */
public enum PositionScheme {
  /**
   * Resident tokens stand one after the other, without gaps: at most as many positions as there are
   * tokens.
   */
  COMPACT,
  /**
   * What has left the window stands at one distance, the window's length, whatever lies between;
   * window and chunk as in the text. InfLLM (arXiv 2402.04617) and EM-LLM (arXiv 2407.09450).
   */
  FIXED,
  /**
   * Where the text has them: what full attention sees, without what is not retrieved. Only up to
   * the length that the model was trained for.
   */
  TRUE;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
