package io.ltri.evaluation.score;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** RULER's scorers: references contained in the output. */
final class StringMatch {
  private static final Pattern CONTROL = Pattern.compile("[\\x00-\\x1f]");

  private StringMatch() {}

  /** Share of the references that are contained, case ignored. */
  static double all(String output, List<String> references) {
    String cleaned = cleaned(output);
    long found = references.stream().filter(reference -> contains(cleaned, reference)).count();
    return (double) found / references.size();
  }

  /** 1 if any reference is contained, case ignored, otherwise 0. */
  static double any(String output, List<String> references) {
    String cleaned = cleaned(output);
    return references.stream().anyMatch(reference -> contains(cleaned, reference)) ? 1 : 0;
  }

  /** Stripped, lower case, control characters made line breaks. */
  private static String cleaned(String output) {
    return CONTROL.matcher(output.strip()).replaceAll("\n").strip().toLowerCase(Locale.ROOT);
  }

  private static boolean contains(String cleaned, String reference) {
    return cleaned.contains(reference.toLowerCase(Locale.ROOT));
  }
}
