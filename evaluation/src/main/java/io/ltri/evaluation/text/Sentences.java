package io.ltri.evaluation.text;

import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Cuts English prose into sentences. */
final class Sentences {
  /** A piece that ends so goes on in the next one: an abbreviation or a person's initial. */
  private static final Pattern GOES_ON =
      Pattern.compile(
          "(?:^|.*[\\s(\"'\u201c\u2018])(?:Mr|Mrs|Ms|Dr|St|Messrs|Esq|Rev|Col|Capt|Gen|Lt|Prof|Sr|Jr|vs|etc|No|vol|[A-Z])\\.");

  private Sentences() {}

  /**
   * The sentences of one paragraph, white space made single spaces. {@link BreakIterator} proposes
   * the ends; a proposal is refused after an abbreviation and before a lower-case letter.
   */
  static List<String> of(String paragraph) {
    String text = paragraph.strip().replaceAll("\\s+", " ");
    List<String> sentences = new ArrayList<>();
    if (text.isEmpty()) {
      return sentences;
    }
    BreakIterator ends = BreakIterator.getSentenceInstance(Locale.ENGLISH);
    ends.setText(text);
    int start = 0;
    for (int end = ends.next(); end != BreakIterator.DONE; end = ends.next()) {
      String piece = text.substring(start, end).strip();
      boolean last = end == text.length();
      if (!last && (GOES_ON.matcher(piece).matches() || goesOnAt(text, end))) {
        continue;
      }
      if (!piece.isEmpty()) {
        sentences.add(piece);
      }
      start = end;
    }
    return sentences;
  }

  private static boolean goesOnAt(String text, int end) {
    int next = end;
    while (next < text.length() && !Character.isLetterOrDigit(text.charAt(next))) {
      next++;
    }
    return next == text.length() || Character.isLowerCase(text.charAt(next));
  }
}
