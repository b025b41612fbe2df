package io.ltri.evaluation.report;

import io.ltri.evaluation.score.Interval;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Figures in words, as a reader expects them. */
final class Wording {
  private Wording() {}

  static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /** {@code 1 answer}, {@code 2 answers}. */
  static String count(long count, String thing) {
    return count(count) + " " + thing + (count == 1 ? "" : "s");
  }

  static String score(double score) {
    return String.format(Locale.ROOT, "%.1f", score);
  }

  static String range(Interval interval) {
    return score(interval.low()) + " to " + score(interval.high());
  }

  /** With its sign, and a minus that is as wide as a plus. */
  static String signed(double points) {
    String text = String.format(Locale.ROOT, "%+.1f", points);
    return text.equals("+0.0") || text.equals("-0.0") ? "0.0" : text.replace('-', '\u2212');
  }

  static String signedRange(Interval interval) {
    return signed(interval.low()) + " to " + signed(interval.high());
  }

  static String millis(double millis) {
    if (millis < 1_000) {
      return Math.round(millis) + " ms";
    }
    return millis < 100_000
        ? String.format(Locale.ROOT, "%.1f s", millis / 1_000)
        : count(Math.round(millis / 1_000)) + " s";
  }

  static String bytes(double bytes) {
    return bytes < 1_000
        ? Math.round(bytes) + " B"
        : bytes < 1_000_000
            ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
            : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }

  /** Settings as the command line takes them. */
  static String settings(Map<String, String> settings) {
    return settings.entrySet().stream()
        .map(setting -> setting.getKey() + "=" + setting.getValue())
        .collect(Collectors.joining(" "));
  }

  static String shortened(String text, int most) {
    return text.length() <= most
        ? text
        : text.substring(0, text.offsetByCodePoints(0, text.codePointCount(0, most - 1))) + "…";
  }
}
