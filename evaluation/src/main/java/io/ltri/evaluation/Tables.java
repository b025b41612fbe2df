package io.ltri.evaluation;

import io.ltri.evaluation.run.Row;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

final class Tables {
  private Tables() {}

  static String text(List<Row> rows) {
    Map<String, double[]> cells = new TreeMap<>();
    for (Row row : rows) {
      double[] cell =
          cells.computeIfAbsent(
              String.format(Locale.ROOT, "%s %,d %s", row.task(), row.length(), row.variant()),
              k -> new double[3]);
      cell[0] += row.score();
      cell[1]++;
      cell[2] += row.recall().stream().mapToDouble(x -> x).average().orElse(0);
    }
    StringBuilder text = new StringBuilder();
    cells.forEach(
        (name, cell) ->
            text.append(
                String.format(
                    Locale.ROOT,
                    "%-48s %5.1f  n %3.0f  recall %.3f%n",
                    name,
                    100 * cell[0] / cell[1],
                    cell[1],
                    cell[2] / cell[1])));
    return text.toString();
  }
}
