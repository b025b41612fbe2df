package io.ltri.evaluation.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The attention of one layer, drawn as a strip: the map's diagonal lies along the line of tokens,
 * and above two tokens, as high as they are apart, stands the cell of the later looking at the
 * earlier one. A span so is a triangle standing on its tokens. The strip is broken into lines
 * between spans.
 */
final class MapStrip {
  private static final int LINE_TOKENS = 84;

  /** Width of a token. */
  private static final int SIDE = 13;

  private static final int LABEL_HEIGHT = 92;
  private static final int LABEL_CHARACTERS = 13;

  /** Lower ends of the classes of cells, as multiples of the mean of the cell's row. */
  private static final double[] STEPS = {1, 2, 4, 8, 16};

  private final LayerMap map;

  MapStrip(LayerMap map) {
    this.map = map;
  }

  void write(Markup page) {
    page.line("h3", "What layer " + map.layer() + " saw, and where it cut");
    page.line(
        "p",
        "Attention of layer "
            + map.layer()
            + " (mean over its heads) among "
            + Wording.count(map.tokens().size(), "token")
            + " from position "
            + Wording.count(map.from())
            + " on. Each field stands above two tokens, in the middle between them and as high as they are"
            + " apart: it shows how much the later one attends to the earlier. Outlined triangles are the"
            + " spans: runs of tokens that attend to each other. A span gains by fields above the mean of"
            + " their row and loses by the others, which are left blank here.");
    legend(page);
    for (List<LayerMap.Span> line : lines()) {
      strip(page, line);
    }
    text(page);
  }

  private static void legend(Markup page) {
    page.open("p", "class", "legend").text("Attention, as a multiple of the row’s mean: ");
    for (int step = 0; step < STEPS.length; step++) {
      page.open("span", "class", "key");
      page.open("svg", "width", 14, "height", 14, "viewBox", "0 0 14 14", "aria-hidden", "true");
      page.empty("rect", "class", "a" + step, "width", 14, "height", 14).close();
      page.text(
          step == STEPS.length - 1
              ? Markup.number(STEPS[step]) + " and more"
              : Markup.number(STEPS[step]) + " to " + Markup.number(STEPS[step + 1]));
      page.close();
    }
    page.closeLine();
  }

  /** The spans, so many to a line as fit. */
  private List<List<LayerMap.Span>> lines() {
    List<List<LayerMap.Span>> lines = new ArrayList<>();
    List<LayerMap.Span> line = new ArrayList<>();
    for (LayerMap.Span span : map.spans()) {
      if (!line.isEmpty() && span.end() - line.getFirst().start() > LINE_TOKENS) {
        lines.add(line);
        line = new ArrayList<>();
      }
      line.add(span);
    }
    lines.add(line);
    return lines;
  }

  private void strip(Markup page, List<LayerMap.Span> spans) {
    int start = spans.getFirst().start() - map.from();
    int end = spans.getLast().end() - map.from();
    int longest = spans.stream().mapToInt(span -> span.end() - span.start()).max().orElseThrow();
    int width = (end - start) * SIDE;
    int height = (longest + 6) * SIDE / 2;
    page.open("div", "class", "scroll");
    page.open(
        "svg",
        "class",
        "strip",
        "width",
        width,
        "height",
        height + LABEL_HEIGHT,
        "viewBox",
        "0 " + -height + " " + width + " " + (height + LABEL_HEIGHT));
    page.leaf(
        "title",
        "Attention map of layer %d, tokens %d to %d"
            .formatted(map.layer(), map.from() + start, map.from() + end - 1));
    // A window on the cells: what is below the line of tokens is cut off.
    page.open(
        "svg",
        "y",
        -height,
        "width",
        width,
        "height",
        height,
        "viewBox",
        "0 " + -height + " " + width + " " + height);
    String half = Markup.number(SIDE / 2.0);
    // Column j and row i of the map go to the right, and up by their distance.
    page.open("g", "transform", "matrix(%s %s %s -%s 0 0)".formatted(half, half, half, half));
    cells(page, start, end, longest + 6);
    page.close().close();
    for (LayerMap.Span span : spans) {
      triangle(page, span, start);
    }
    labels(page, start, end);
    page.close().closeLine();
  }

  private void cells(Markup page, int start, int end, int reach) {
    StringBuilder[] paths = new StringBuilder[STEPS.length];
    for (int step = 0; step < STEPS.length; step++) {
      paths[step] = new StringBuilder();
    }
    for (int row = start; row < end; row++) {
      int columns = map.columns(row);
      double mean = 0;
      for (int offset = 0; offset < columns; offset++) {
        mean += map.band().get(row).get(offset) / columns;
      }
      int offset = 0;
      int seen = Math.min(Math.min(columns, reach), row - start + 1);
      while (offset < seen) {
        int step = step(map.band().get(row).get(offset), mean);
        int run = 1;
        while (offset + run < seen && step(map.band().get(row).get(offset + run), mean) == step) {
          run++;
        }
        if (step >= 0) {
          int column = row - start - offset - run + 1;
          paths[step]
              .append('M')
              .append(column)
              .append(' ')
              .append(row - start)
              .append('h')
              .append(run)
              .append("v1h-")
              .append(run)
              .append('z');
        }
        offset += run;
      }
    }
    for (int step = 0; step < STEPS.length; step++) {
      page.empty("path", "class", "a" + step, "d", paths[step]);
    }
  }

  /** -1: below the mean. */
  private static int step(double cell, double mean) {
    int step = -1;
    while (step + 1 < STEPS.length && mean > 0 && cell >= STEPS[step + 1] * mean) {
      step++;
    }
    return step;
  }

  private void triangle(Markup page, LayerMap.Span span, int start) {
    int x = (span.start() - map.from() - start) * SIDE;
    int length = span.end() - span.start();
    page.open("g", "class", "span");
    page.leaf("title", described(span));
    page.empty(
        "path",
        "d",
        "M"
            + x
            + " 0l"
            + Markup.number(length * SIDE / 2.0)
            + " "
            + Markup.number(-length * SIDE / 2.0)
            + "l"
            + Markup.number(length * SIDE / 2.0)
            + " "
            + Markup.number(length * SIDE / 2.0)
            + "z");
    page.close();
  }

  private String described(LayerMap.Span span) {
    StringBuilder text = new StringBuilder();
    for (int i = span.start(); i < span.end(); i++) {
      text.append(map.tokens().get(i - map.from()));
    }
    return String.format(
        Locale.ROOT,
        "Tokens %d to %d (%d), score %.2f, confidence %.2f: %s",
        span.start(),
        span.end() - 1,
        span.end() - span.start(),
        span.score(),
        span.confidence(),
        text);
  }

  private void labels(Markup page, int start, int end) {
    for (int token = start; token < end; token++) {
      String text = map.tokens().get(token);
      double x = (token - start + 0.5) * SIDE;
      page.open(
          "text",
          "class",
          "token",
          "transform",
          "translate(" + Markup.number(x + 4) + " 6) rotate(90)");
      page.leaf("title", "Token " + (map.from() + token) + ": " + visible(text));
      page.text(Wording.shortened(visible(text).strip(), LABEL_CHARACTERS)).close();
    }
  }

  /** Line ends as signs. */
  private static String visible(String text) {
    return text.replace("\r", "").replace("\n", "↵").replace("\t", "⇥");
  }

  /** The same spans as running text. */
  private void text(Markup page) {
    page.line("p", "The same as text, a span of layer %d after the other:".formatted(map.layer()));
    page.open("p", "class", "cut");
    for (LayerMap.Span span : map.spans()) {
      StringBuilder text = new StringBuilder();
      for (int i = span.start(); i < span.end(); i++) {
        text.append(visible(map.tokens().get(i - map.from())));
      }
      page.leaf("span", text.toString(), "title", described(span));
    }
    page.closeLine();
  }
}
