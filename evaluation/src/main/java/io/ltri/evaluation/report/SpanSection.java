package io.ltri.evaluation.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** How the layers cut the text: lengths of spans, and one layer's map with its triangles on it. */
final class SpanSection {
  private static final int GROUPS = 3;
  private static final int BIN_TOKENS = 4;
  private static final int BAR = 14;
  private static final int CHART_HEIGHT = 110;
  private static final int LEFT = 40;

  private final LayerMap map;

  SpanSection(LayerMap map) {
    this.map = map;
  }

  void write(Markup page) {
    page.open("section", "id", "spans").line("h2", "Spans");
    lengths(page);
    new MapStrip(map).write(page);
    page.closeLine();
  }

  private void lengths(Markup page) {
    page.line("h3", "How long the spans are");
    page.line(
        "p",
        "Each layer of the model cuts the text into spans of its own. Share of the spans (height) by their"
            + " length in tokens, for the lower, middle and upper layers.");
    page.open("div", "class", "maps");
    List<List<Integer>> layers = map.spanLengths();
    int longest = layers.stream().flatMap(List::stream).mapToInt(x -> x).max().orElse(0);
    int bins = Math.max(1, Math.ceilDiv(longest + 1, BIN_TOKENS));
    int groups = Math.min(GROUPS, layers.size());
    List<int[]> counted = new ArrayList<>();
    double highest = 0;
    for (int group = 0; group < groups; group++) {
      int[] counts = new int[bins];
      List<Integer> lengths = lengths(group, groups);
      lengths.forEach(length -> counts[length / BIN_TOKENS]++);
      counted.add(counts);
      int most = Arrays.stream(counts).max().orElse(0);
      highest = Math.max(highest, (double) most / Math.max(1, lengths.size()));
    }
    for (int group = 0; group < groups; group++) {
      histogram(page, group, groups, counted.get(group), highest);
    }
    page.closeLine();
  }

  private int firstLayer(int group, int groups) {
    return map.spanLengths().size() * group / groups;
  }

  private List<Integer> lengths(int group, int groups) {
    return map
        .spanLengths()
        .subList(firstLayer(group, groups), firstLayer(group + 1, groups))
        .stream()
        .flatMap(List::stream)
        .toList();
  }

  private void histogram(Markup page, int group, int groups, int[] counts, double highest) {
    List<Integer> lengths = lengths(group, groups);
    int first = firstLayer(group, groups);
    int last = firstLayer(group + 1, groups) - 1;
    double[] values = lengths.stream().mapToDouble(x -> x).toArray();
    page.open("figure");
    page.leaf("figcaption", first == last ? "Layer " + first : "Layers " + first + " to " + last);
    page.leaf(
        "small",
        values.length == 0
            ? "no span"
            : String.format(
                Locale.ROOT,
                "%s, median %s tokens, mean %.1f",
                Wording.count(values.length, "span"),
                Markup.number(CostSection.median(values).orElseThrow()),
                Arrays.stream(values).average().orElseThrow()));
    int width = LEFT + counts.length * BAR + 8;
    int height = CHART_HEIGHT + 30;
    page.open(
        "svg",
        "class",
        "bars",
        "width",
        width,
        "height",
        height,
        "viewBox",
        "0 -8 " + width + " " + height);
    page.leaf("title", "Lengths of spans, layers " + first + " to " + last);
    page.empty("path", "class", "rail", "d", "M" + LEFT + " 0V" + CHART_HEIGHT + "H" + width);
    page.leaf(
        "text",
        String.format(Locale.ROOT, "%.0f %%", 100 * highest),
        "x",
        LEFT - 5,
        "y",
        5,
        "class",
        "end");
    page.leaf("text", "0", "x", LEFT - 5, "y", CHART_HEIGHT, "class", "end");
    for (int bin = 0; bin < counts.length; bin++) {
      double share = (double) counts[bin] / Math.max(1, lengths.size());
      double high = highest == 0 ? 0 : CHART_HEIGHT * share / highest;
      int x = LEFT + bin * BAR;
      page.open(
          "rect",
          "x",
          x + 1,
          "y",
          CHART_HEIGHT - high,
          "width",
          BAR - 2,
          "height",
          Math.max(high, 0));
      page.leaf(
          "title",
          String.format(
              Locale.ROOT,
              "%d to %d tokens: %s (%.1f %%)",
              bin * BIN_TOKENS,
              (bin + 1) * BIN_TOKENS - 1,
              Wording.count(counts[bin], "span"),
              100 * share));
      page.close();
      if (bin % 4 == 0) {
        page.leaf(
            "text",
            String.valueOf(bin * BIN_TOKENS),
            "x",
            x + 1,
            "y",
            CHART_HEIGHT + 15,
            "class",
            "start");
      }
    }
    page.close().close();
  }
}
