package io.ltri.evaluation.report;

import io.ltri.evaluation.run.Row;
import io.ltri.evaluation.score.Interval;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The headline table for a terminal: per task, mean scores x 100 with 95 % intervals, and the
 * differences from a reference over the same samples.
 */
public final class TextTable {
  private TextTable() {}

  /**
   * Against {@code full}, and without that against the first variant.
   *
   * @throws IllegalArgumentException if there are no rows, or one variant's name stands for
   *     different settings
   */
  public static String of(List<Row> rows) {
    return of(rows, Optional.empty());
  }

  /**
   * @param reference variant with which the others are compared
   * @throws IllegalArgumentException as {@link #of(List)}, or if there is no such variant
   */
  public static String of(List<Row> rows, Optional<String> reference) {
    Results results = new Results(rows);
    String compared = results.reference(reference);
    StringBuilder text = new StringBuilder();
    for (String task : results.tasks()) {
      List<List<String>> lines = new ArrayList<>();
      lines.add(heading(task, results.lengths(task)));
      for (String variant : results.variants(task)) {
        List<String> line = new ArrayList<>(List.of(variant));
        for (int length : results.lengths(task)) {
          line.add(
              results
                  .score(task, length, variant)
                  .map(score -> cell(score, results.isBest(task, length, variant)))
                  .orElse("-"));
        }
        lines.add(line);
      }
      List<List<String>> differences = differences(results, task, compared);
      if (!differences.isEmpty()) {
        lines.add(List.of("minus " + compared + ", same samples"));
        lines.addAll(differences);
      }
      align(lines, text);
      text.append('\n');
    }
    return text.append(
            "Mean score x 100 [95 % interval] and samples; * best of its column; + or - behind a"
                + " difference: the samples tell.\n")
        .toString();
  }

  private static List<String> heading(String task, List<Integer> lengths) {
    List<String> heading = new ArrayList<>(List.of(task));
    lengths.forEach(length -> heading.add(Wording.count(length)));
    return heading;
  }

  private static String cell(Interval score, boolean best) {
    return String.format(
        Locale.ROOT,
        "%s%.1f [%.0f, %.0f] n %d",
        best ? "*" : " ",
        score.value(),
        score.low(),
        score.high(),
        score.samples());
  }

  private static List<List<String>> differences(Results results, String task, String reference) {
    List<List<String>> lines = new ArrayList<>();
    for (String variant : results.variants(task)) {
      List<String> line = new ArrayList<>(List.of("  " + variant));
      boolean any = false;
      for (int length : results.lengths(task)) {
        Optional<Comparison> comparison =
            Comparison.of(
                results.rows(task, length, variant), results.rows(task, length, reference));
        any |= comparison.isPresent();
        line.add(comparison.map(TextTable::cell).orElse("-"));
      }
      if (any && !variant.equals(reference)) {
        lines.add(line);
      }
    }
    return lines;
  }

  private static String cell(Comparison comparison) {
    Interval difference = comparison.difference();
    return String.format(
        Locale.ROOT,
        " %s [%s, %s] n %d%s",
        signed("%+.1f", difference.value()),
        signed("%+.0f", difference.low()),
        signed("%+.0f", difference.high()),
        difference.samples(),
        switch (comparison.sign()) {
          case 1 -> " +";
          case -1 -> " -";
          default -> "";
        });
  }

  /** No minus before a zero. */
  private static String signed(String format, double points) {
    String text = String.format(Locale.ROOT, format, points);
    return text.matches("[+-]0(\\.0)?") ? text.substring(1) : text;
  }

  private static void align(List<List<String>> lines, StringBuilder text) {
    int columns = lines.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> line : lines) {
      for (int i = 0; i < line.size() && line.size() > 1; i++) {
        widths[i] = Math.max(widths[i], line.get(i).length());
      }
    }
    for (List<String> line : lines) {
      StringBuilder padded = new StringBuilder();
      for (int i = 0; i < line.size(); i++) {
        String cell = line.get(i);
        padded.append(cell).append(" ".repeat(Math.max(0, widths[i] - cell.length()) + 2));
      }
      text.append(padded.toString().stripTrailing()).append('\n');
    }
  }
}
