package io.ltri.evaluation.score;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** InfiniteBench's look-ups of a label among the words of the output. */
final class WordMatch {
  private static final Pattern PUNCTUATION = Pattern.compile("[\\n:\"'.,?!{}]");

  private WordMatch() {}

  /** En.Dia: the first reference among the words of the output in capitals. */
  static boolean name(String output, List<String> references) {
    return words(output).stream()
        .map(word -> word.toUpperCase(Locale.ROOT))
        .anyMatch(references.getFirst()::equals);
  }

  /** Retrieve.KV: the reference among the words of the output. */
  static boolean word(String output, List<String> references) {
    return words(output).contains(references.getFirst());
  }

  /** Any reference as whole words anywhere, case ignored. */
  static boolean contained(String output, List<String> references) {
    return references.stream().anyMatch(reference -> hasWords(output, reference));
  }

  /** Whether a text stands in another one, case ignored, with no letter or digit at either end. */
  static boolean hasWords(String output, String text) {
    String wanted = text.strip();
    return !wanted.isEmpty()
        && Pattern.compile(
                "(?<![\\p{L}\\p{N}_])" + Pattern.quote(wanted) + "(?![\\p{L}\\p{N}_])",
                Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE)
            .matcher(output)
            .find();
  }

  private static List<String> words(String output) {
    return Arrays.asList(PUNCTUATION.matcher(output).replaceAll(" ").strip().split("\\s+"));
  }
}
