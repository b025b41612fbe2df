package io.ltri.evaluation.task;

import io.ltri.evaluation.text.Haystack;
import java.util.regex.Pattern;

/** What the tests of tasks share: a token is a word, and the haystack is generated once. */
final class Counting {
  private static final Pattern SPACES = Pattern.compile("\\s+");
  static final TokenCounter TOKENS = Counting::count;
  static final int OVERHEAD = 20;
  static final Haystack HAYSTACK = Haystack.generated(1);

  private Counting() {}

  static int count(String text) {
    return text.isBlank() ? 0 : SPACES.split(text.strip()).length;
  }

  /** Prompt and generation together, as a runner sends them. */
  static int total(Sample sample) {
    return OVERHEAD
        + count(sample.document())
        + count(sample.question())
        + count(sample.answerPrefix())
        + sample.maxTokens();
  }

  static int occurrences(String text, String part) {
    int count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
      count++;
    }
    return count;
  }
}
