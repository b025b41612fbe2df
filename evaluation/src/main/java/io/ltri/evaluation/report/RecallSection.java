package io.ltri.evaluation.report;

import io.ltri.evaluation.run.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How much of the needle each layer attended to when the answer began, beside the score. */
final class RecallSection {
  private static final int WIDTH = 160;
  private static final int HEIGHT = 56;

  private final Results results;

  RecallSection(Results results) {
    this.results = results;
  }

  void write(Markup page) {
    List<String> tasks =
        results.tasks().stream()
            .filter(
                task ->
                    results.rows().stream()
                        .anyMatch(row -> row.task().equals(task) && !row.recall().isEmpty()))
            .toList();
    page.open("section", "id", "recall").line("h2", "Recall of the needle, layer by layer");
    if (tasks.isEmpty()) {
      page.line("p", "No row says what the layers attended to.");
      page.closeLine();
      return;
    }
    page.line(
        "p",
        "When the question has been read: which share of the tokens that hold the answer is among those"
            + " that a layer attends to. Each chart goes from the model's first layer (left) to its last"
            + " (right), and from 0 (bottom) to all of them (top); the line is the mean over the samples."
            + " Full attention always sees everything. A model may answer well though few layers see the"
            + " needle, and badly though all do.");
    for (String task : tasks) {
      page.line("h3", task);
      table(page, task);
    }
    page.closeLine();
  }

  private void table(Markup page, String task) {
    List<Integer> lengths = results.lengths(task);
    page.open("div", "class", "scroll").open("table", "class", "recall");
    page.open("thead").open("tr").leaf("th", "variant", "scope", "col");
    for (int length : lengths) {
      page.open("th", "scope", "col").text(Wording.count(length));
      page.leaf("small", "tokens").close();
    }
    page.close().closeLine();
    page.open("tbody");
    for (String variant : results.variants(task)) {
      page.open("tr").leaf("th", variant, "scope", "row");
      for (int length : lengths) {
        List<Row> rows =
            results.rows(task, length, variant).stream()
                .filter(row -> !row.recall().isEmpty())
                .toList();
        if (rows.isEmpty()) {
          page.leaf("td", "–", "class", "none");
        } else {
          cell(page, rows);
        }
      }
      page.closeLine();
    }
    page.close().close().closeLine();
  }

  private static void cell(Markup page, List<Row> rows) {
    double[] recall = byLayer(rows);
    double mean = 0;
    for (double value : recall) {
      mean += value / recall.length;
    }
    page.open("td");
    chart(page, recall);
    page.open("small").text("recall ");
    page.leaf("b", String.format(Locale.ROOT, "%.2f", mean)).text("  score ");
    page.leaf("b", Wording.score(Results.mean(rows))).text("  n " + rows.size());
    page.close().close();
  }

  /**
   * @return [layers], means over the rows; a layer that a row lacks does not count for it
   */
  static double[] byLayer(List<Row> rows) {
    int layers = rows.stream().mapToInt(row -> row.recall().size()).max().orElse(0);
    double[] recall = new double[layers];
    for (int layer = 0; layer < layers; layer++) {
      int at = layer;
      recall[layer] =
          rows.stream()
              .filter(row -> at < row.recall().size())
              .mapToDouble(row -> row.recall().get(at))
              .average()
              .orElseThrow();
    }
    return recall;
  }

  private static void chart(Markup page, double[] recall) {
    int layers = recall.length;
    List<String> values = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (int layer = 0; layer < layers; layer++) {
      double x = layers == 1 ? WIDTH / 2.0 : (double) WIDTH * layer / (layers - 1);
      line.append(layer == 0 ? "" : "L")
          .append(Markup.number(x))
          .append(' ')
          .append(Markup.number(HEIGHT * (1 - recall[layer])));
      values.add(layer + ": " + Markup.number(recall[layer]));
    }
    page.open(
        "svg",
        "class",
        "line",
        "width",
        WIDTH + 8,
        "height",
        HEIGHT + 8,
        "viewBox",
        "-4 -4 " + (WIDTH + 8) + " " + (HEIGHT + 8));
    page.leaf("title", "Recall by layer. " + String.join(", ", values));
    page.empty("path", "class", "rail", "d", "M0 0H160M0 28H160M0 56H160");
    page.empty(
        "path",
        "class",
        "area",
        "d",
        "M0 " + HEIGHT + "L" + line + "L" + WIDTH + " " + HEIGHT + "Z");
    page.empty("path", "class", "curve", "d", "M" + line);
    page.close();
  }
}
