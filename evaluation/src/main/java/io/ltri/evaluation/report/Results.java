package io.ltri.evaluation.report;

import io.ltri.evaluation.run.Row;
import io.ltri.evaluation.score.Interval;
import io.ltri.evaluation.score.Intervals;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Rows by task, length and variant. Tasks and variants stand in the order in which they first
 * appear; of rows with the same key the last counts.
 */
final class Results {

  /** Of all resampling, so that the same rows give the same page. */
  static final long SEED = 42;

  /** Means closer than this, in per cent, are equal but for rounding. */
  private static final double EQUAL = 1e-9;

  private static final String FULL = "full";

  private final List<Row> rows;

  /** By name: settings that are not the default. */
  private final Map<String, Map<String, String>> variants = new LinkedHashMap<>();

  /** By task and then length and then variant. */
  private final Map<String, Map<Integer, Map<String, List<Row>>>> cells = new LinkedHashMap<>();

  /**
   * @throws IllegalArgumentException if there are no rows, or one name stands for different
   *     settings
   */
  Results(List<Row> measured) {
    if (measured.isEmpty()) {
      throw new IllegalArgumentException(
          "there is nothing to report: the result files hold no rows; measure first");
    }
    Map<String, Row> byKey = new LinkedHashMap<>();
    for (Row row : measured) {
      byKey.put(row.key(), row);
      Map<String, String> known = variants.putIfAbsent(row.variant(), row.changes());
      if (known != null && !known.equals(row.changes())) {
        throw new IllegalArgumentException(
            "variant '%s' was measured with %s and with %s: one name must stand for one thing; rename one, or report the files apart"
                .formatted(row.variant(), known, row.changes()));
      }
    }
    rows = List.copyOf(byKey.values());
    for (Row row : rows) {
      cells
          .computeIfAbsent(row.task(), task -> new TreeMap<>())
          .computeIfAbsent(row.length(), length -> new LinkedHashMap<>())
          .computeIfAbsent(row.variant(), variant -> new ArrayList<>())
          .add(row);
    }
  }

  List<Row> rows() {
    return rows;
  }

  List<String> tasks() {
    return List.copyOf(cells.keySet());
  }

  /** Shortest first. */
  List<Integer> lengths(String task) {
    return List.copyOf(cells.getOrDefault(task, Map.of()).keySet());
  }

  List<Integer> lengths() {
    Set<Integer> all = new TreeSet<>();
    rows.forEach(row -> all.add(row.length()));
    return List.copyOf(all);
  }

  List<String> variants() {
    return List.copyOf(variants.keySet());
  }

  /** Those that have rows of this task. */
  List<String> variants(String task) {
    Set<String> names = new LinkedHashSet<>(variants.keySet());
    Set<String> there = new LinkedHashSet<>();
    cells.getOrDefault(task, Map.of()).values().forEach(cell -> there.addAll(cell.keySet()));
    names.retainAll(there);
    return List.copyOf(names);
  }

  /** None if it was not measured. */
  List<Row> rows(String task, int length, String variant) {
    return cells
        .getOrDefault(task, Map.of())
        .getOrDefault(length, Map.of())
        .getOrDefault(variant, List.of());
  }

  /** Rows of all tasks. */
  List<Row> rows(int length, String variant) {
    return rows.stream()
        .filter(row -> row.length() == length && row.variant().equals(variant))
        .toList();
  }

  Map<String, String> changes(String variant) {
    return variants.getOrDefault(variant, Map.of());
  }

  Optional<Interval> score(String task, int length, String variant) {
    List<Row> cell = rows(task, length, variant);
    return cell.isEmpty() ? Optional.empty() : Optional.of(Intervals.of(scores(cell), SEED));
  }

  /** Has it the highest mean of a task and length? None has where all are equal. */
  boolean isBest(String task, int length, String variant) {
    double[] means =
        variants(task).stream()
            .map(other -> rows(task, length, other))
            .filter(cell -> !cell.isEmpty())
            .mapToDouble(Results::mean)
            .sorted()
            .toArray();
    List<Row> own = rows(task, length, variant);
    if (own.isEmpty() || means[means.length - 1] - means[0] < EQUAL) {
      return false;
    }
    return mean(own) > means[means.length - 1] - EQUAL;
  }

  /**
   * With what the others are compared.
   *
   * @param wanted a variant, or empty: {@code full}, and without that the first
   * @throws IllegalArgumentException if the wanted one was not measured
   */
  String reference(Optional<String> wanted) {
    if (wanted.isPresent() && !variants.containsKey(wanted.get())) {
      throw new IllegalArgumentException(
          "reference '%s' was not measured: the rows have %s"
              .formatted(wanted.get(), variants.keySet()));
    }
    return wanted.orElse(variants.containsKey(FULL) ? FULL : variants().getFirst());
  }

  static double mean(List<Row> rows) {
    return 100 * rows.stream().mapToDouble(Row::score).sum() / rows.size();
  }

  static double[] scores(List<Row> rows) {
    return rows.stream().mapToDouble(Row::score).toArray();
  }

  static double[] array(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }
}
