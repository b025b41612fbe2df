package io.ltri.inference.model.tokenizer;

import java.text.Normalizer;
import java.util.List;
import java.util.Locale;

/**
 * Finds places where a text can be cut so that tokenising the parts gives the tokens of the whole.
 *
 * <p>A cut is made between a letter and a character that is no letter, or between a number and a
 * character that is no number. Why that changes nothing, for every {@link PreTokenizer}:
 *
 * <ol>
 *   <li>The words are the matches of one expression, taken from left to right. None of its
 *       alternatives matches a letter followed by anything but a letter, nor a number followed by
 *       anything but a number: contractions end with their letters, {@code \p{L}+} and {@code
 *       \p{N}+} (or {@code \p{N}}, {@code \p{N}{1,3}}) end with theirs, and what may stand in front
 *       of letters or of punctuation is neither. So no match of the whole text spans the cut: it is
 *       a word border.
 *   <li>To the left, the end of the text takes the place of the other character. Greedy runs stop
 *       at either. The only look-ahead, {@code \s+(?!\S)}, looks at the character behind a run of
 *       white space, and that character is at most the letter or number before the cut.
 *   <li>To the right, matching starts at a word border, and the expressions never look behind.
 *   <li>Splitting digits off first (family DIGITS) looks at single characters, hence is the same in
 *       the parts.
 *   <li>Normalisation form C (family QWEN2) is the same in the parts if the character after the cut
 *       is a starter that composes with nothing before it (it is no mark, and no letter after a
 *       letter), and the character before the cut stays the last one (it is its own normal form).
 *   <li>Added tokens are found first, leftmost and longest. No occurrence spans the cut, so those
 *       found are the same. (A vocabulary whose added tokens swallow spaces or ask for word borders
 *       is never cut.)
 * </ol>
 *
 * <p>White space needs no rule of its own: a run of it stays whole, together with the character
 * that follows it, because a cut has a letter or a number on its left. Only characters of the Basic
 * Multilingual Plane are used, whose classes are the same in Java's and in the native library's
 * Unicode tables (a test compares all of them).
 */
final class SafeCut {

  private enum Kind {
    LETTER,
    NUMBER,
    OTHER,
    /** Not usable on either side of a cut. */
    UNSURE
  }

  private final boolean possible;
  private final boolean composes;
  private final List<String> whole;
  private final int longest;

  private SafeCut(boolean possible, boolean composes, List<String> whole) {
    this.possible = possible;
    this.composes = composes;
    this.whole = whole;
    this.longest = whole.stream().mapToInt(String::length).max().orElse(0);
  }

  /** For a tokenizer of which nothing is known: no place is safe. */
  static SafeCut never() {
    return new SafeCut(false, false, List.of());
  }

  /**
   * @param composes text is normalised (NFC) before it is split
   * @param added the added tokens that are recognised in the text
   */
  static SafeCut of(boolean composes, List<AddedToken> added) {
    boolean possible = added.stream().allMatch(AddedToken::plain);
    return new SafeCut(possible, composes, added.stream().map(AddedToken::content).toList());
  }

  /** How far beyond a place the text must be known to judge it, chars. */
  int lookAhead() {
    return Math.max(1, longest);
  }

  /**
   * The last safe cut not after {@code limit}.
   *
   * @param text as far as it has been read
   * @param atEnd nothing follows {@code text}
   * @return a position within the text, chars; -1 if there is none
   */
  int last(CharSequence text, int limit, boolean atEnd) {
    if (!possible) {
      return -1;
    }
    int known = text.length() - (atEnd ? 1 : lookAhead());
    for (int cut = Math.min(limit, known); cut > 0; cut--) {
      if (isSafe(text, cut)) {
        return cut;
      }
    }
    return -1;
  }

  private boolean isSafe(CharSequence text, int cut) {
    char before = text.charAt(cut - 1);
    Kind left = kind(before);
    if (left != Kind.LETTER && left != Kind.NUMBER) {
      return false;
    }
    Kind right = kind(text.charAt(cut));
    if (right == left || right == Kind.UNSURE) {
      return false;
    }
    if (composes && !Normalizer.isNormalized(String.valueOf(before), Normalizer.Form.NFC)) {
      return false;
    }
    for (String token : whole) {
      int first = Math.max(0, cut - token.length() + 1);
      int end = Math.min(cut, text.length() - token.length() + 1);
      for (int start = first; start < end; start++) {
        if (occursAt(text, start, token)) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean occursAt(CharSequence text, int start, String token) {
    for (int i = 0; i < token.length(); i++) {
      if (text.charAt(start + i) != token.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static Kind kind(char c) {
    return switch ((byte) Character.getType(c)) {
      case Character.UPPERCASE_LETTER,
          Character.LOWERCASE_LETTER,
          Character.TITLECASE_LETTER,
          Character.MODIFIER_LETTER,
          Character.OTHER_LETTER ->
          Kind.LETTER;
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
          Kind.NUMBER;
      case Character.NON_SPACING_MARK,
          Character.COMBINING_SPACING_MARK,
          Character.ENCLOSING_MARK,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          Kind.UNSURE;
      default -> Kind.OTHER;
    };
  }

  /** "letter", "number" or "other", as the rule sees the character; empty if it does not use it. */
  static String describe(char c) {
    Kind kind = kind(c);
    return kind == Kind.UNSURE ? "" : kind.name().toLowerCase(Locale.ROOT);
  }
}
