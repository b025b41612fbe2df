package io.ltri.evaluation.report;

import io.ltri.evaluation.run.Row;
import java.util.ArrayList;
import java.util.List;

/** Heat maps of the score by length of the text and depth of the needle. */
final class DepthSection {
  private static final int CELL_WIDTH = 52;
  private static final int CELL_HEIGHT = 24;
  private static final int LEFT = 66;
  private static final int TOP = 22;
  private static final int MOST_DEPTHS = 25;
  private static final int BANDS = 10;

  private final Results results;

  DepthSection(Results results) {
    this.results = results;
  }

  /**
   * Depths that share a line of the map, in per cent.
   *
   * @param end exclusive, or equal to {@code start}: exactly there
   */
  private record Depths(double start, double end) {
    boolean contain(double depth) {
      return start == end ? depth == start : depth >= start && depth < end;
    }

    String name() {
      return start == end
          ? Markup.number(start) + " %"
          : Markup.number(start) + "–" + Markup.number(Math.min(end, 100)) + " %";
    }
  }

  void write(Markup page) {
    List<String> tasks =
        results.tasks().stream()
            .filter(
                task ->
                    results.rows().stream()
                        .anyMatch(row -> row.task().equals(task) && row.depth() >= 0))
            .toList();
    page.open("section", "id", "depths").line("h2", "Where in the text");
    if (tasks.isEmpty()) {
      page.line("p", "None of these tasks hides what is asked for at one known depth.");
      page.closeLine();
      return;
    }
    page.line(
        "p",
        "Mean score × 100 by how long the text was (columns, in tokens) and how deep in it stood what was"
            + " asked for (lines; 0 % is the beginning). Dark blue is 0, yellow is 100; an empty field was"
            + " not measured. The very beginning and end are easy for a variant that always keeps the first"
            + " and last tokens.");
    for (String task : tasks) {
      page.line("h3", task);
      List<Depths> depths = depths(task);
      page.open("div", "class", "maps");
      for (String variant : results.variants(task)) {
        page.open("figure").leaf("figcaption", variant);
        map(page, task, variant, depths);
        page.closeLine();
      }
      page.closeLine();
    }
    page.closeLine();
  }

  /** The depths as they are if they form a grid, otherwise ten bands. */
  private List<Depths> depths(String task) {
    double[] found =
        results.rows().stream()
            .filter(row -> row.task().equals(task) && row.depth() >= 0)
            .mapToDouble(Row::depth)
            .distinct()
            .sorted()
            .toArray();
    List<Depths> depths = new ArrayList<>();
    if (isGrid(found)) {
      for (double depth : found) {
        depths.add(new Depths(depth, depth));
      }
      return depths;
    }
    for (int band = 0; band < BANDS; band++) {
      double start = 100.0 * band / BANDS;
      double end = 100.0 * (band + 1) / BANDS;
      depths.add(new Depths(start, band == BANDS - 1 ? Math.nextUp(end) : end));
    }
    return depths;
  }

  private static boolean isGrid(double[] depths) {
    if (depths.length > MOST_DEPTHS) {
      return false;
    }
    double step = (depths[depths.length - 1] - depths[0]) / Math.max(1, depths.length - 1);
    for (int i = 0; i < depths.length; i++) {
      // Half a point, for depths may be given rounded.
      if (Math.abs(depths[0] + i * step - depths[i]) > 0.5) {
        return false;
      }
    }
    return true;
  }

  private void map(Markup page, String task, String variant, List<Depths> depths) {
    List<Integer> lengths = results.lengths(task);
    int width = LEFT + CELL_WIDTH * lengths.size();
    int height = TOP + CELL_HEIGHT * depths.size();
    page.open(
        "svg",
        "class",
        "heat",
        "width",
        width,
        "height",
        height,
        "viewBox",
        "0 0 " + width + " " + height);
    page.leaf("title", "Score of " + variant + " by length and depth, " + task);
    for (int column = 0; column < lengths.size(); column++) {
      page.leaf(
          "text",
          Wording.count(lengths.get(column)),
          "x",
          LEFT + CELL_WIDTH * column + CELL_WIDTH / 2,
          "y",
          TOP - 8,
          "class",
          "middle");
    }
    for (int line = 0; line < depths.size(); line++) {
      int y = TOP + CELL_HEIGHT * line;
      page.leaf(
          "text",
          depths.get(line).name(),
          "x",
          LEFT - 8,
          "y",
          y + CELL_HEIGHT / 2 + 4,
          "class",
          "end");
      for (int column = 0; column < lengths.size(); column++) {
        Depths at = depths.get(line);
        List<Row> cell =
            results.rows(task, lengths.get(column), variant).stream()
                .filter(row -> at.contain(row.depth()))
                .toList();
        field(page, cell, at, lengths.get(column), LEFT + CELL_WIDTH * column, y);
      }
    }
    page.close();
  }

  private static void field(Markup page, List<Row> rows, Depths at, int length, int x, int y) {
    if (rows.isEmpty()) {
      page.empty(
          "rect",
          "class",
          "unmeasured",
          "x",
          x + 1,
          "y",
          y + 1,
          "width",
          CELL_WIDTH - 2,
          "height",
          CELL_HEIGHT - 2);
      return;
    }
    double mean = Results.mean(rows);
    page.open("g", "class", "h" + (int) Math.round(mean / 10));
    page.leaf(
        "title",
        "%s tokens, depth %s: %s, n %d"
            .formatted(Wording.count(length), at.name(), Wording.score(mean), rows.size()));
    page.empty(
        "rect",
        "x",
        x + 1,
        "y",
        y + 1,
        "width",
        CELL_WIDTH - 2,
        "height",
        CELL_HEIGHT - 2,
        "rx",
        2);
    page.leaf(
        "text",
        String.valueOf(Math.round(mean)),
        "x",
        x + CELL_WIDTH / 2,
        "y",
        y + CELL_HEIGHT / 2 + 4,
        "class",
        "middle");
    page.close();
  }
}
