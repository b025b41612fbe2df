package io.ltri.evaluation.task;

import java.util.function.IntPredicate;

/** Cuts the middle out of a text that has too many tokens, so that both ends stay. */
final class Truncation {
  /** No vocabulary has tokens this long on average over a text: not worth counting all of it. */
  private static final int MOST_CHARACTERS_PER_TOKEN = 32;

  private Truncation() {}

  /**
   * The text if it fits, otherwise its beginning and its end, each about half of the tokens.
   *
   * @param most tokens, at least 0
   */
  static String middle(String text, int most, TokenCounter tokens) {
    if (most <= 0) {
      return "";
    }
    if (text.length() <= (long) most * MOST_CHARACTERS_PER_TOKEN && tokens.count(text) <= most) {
      return text;
    }
    int half = most / 2;
    String head = head(text, half, tokens);
    // Two halves may have other tokens at the seam than each alone: count them together.
    int tail =
        largest(
            text.length() - head.length(),
            most,
            size -> tokens.count(head + end(text, size)) <= most);
    return head + end(text, tail);
  }

  private static String head(String text, int most, TokenCounter tokens) {
    int size = largest(text.length(), most, chars -> tokens.count(beginning(text, chars)) <= most);
    return beginning(text, size);
  }

  /**
   * The largest size that fits, by doubling from a guess of four characters per token, then
   * halving.
   */
  private static int largest(int most, int tokens, IntPredicate fits) {
    int low = 0;
    int high = (int) Math.min(most, Math.max(1, 4L * tokens));
    while (high < most && fits.test(high)) {
      low = high;
      high = (int) Math.min(most, 2L * high);
    }
    if (high == most && fits.test(high)) {
      return high;
    }
    while (high - low > 1) {
      int middle = low + (high - low) / 2;
      if (fits.test(middle)) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** So many characters, one fewer where a surrogate pair would be cut. */
  private static String beginning(String text, int size) {
    boolean inside =
        size > 0 && size < text.length() && Character.isHighSurrogate(text.charAt(size - 1));
    return text.substring(0, inside ? size - 1 : size);
  }

  private static String end(String text, int size) {
    int from = text.length() - size;
    boolean inside = size > 0 && from > 0 && Character.isLowSurrogate(text.charAt(from));
    return text.substring(inside ? from + 1 : from);
  }
}
