package io.ltri.evaluation.report;

import io.ltri.evaluation.run.Row;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The report as one page of HTML that needs nothing else: style and pictures are inside, there are
 * no scripts. It is well-formed XML too.
 */
public final class ReportPage {
  private static final String STYLE = "report.css";

  private ReportPage() {}

  /**
   * Compares with {@code full}, and without that with the first variant.
   *
   * @param map a layer's attention map and the spans' lengths; without it the page has no section
   *     about spans
   * @param facts how the rows were made: date, processor, commands, files and the like, shown in
   *     this order
   * @throws IllegalArgumentException if there are no rows, or one variant's name stands for
   *     different settings
   */
  public static void write(
      List<Row> rows, Optional<LayerMap> map, Map<String, String> facts, Path out)
      throws IOException {
    write(rows, map, facts, Optional.empty(), out);
  }

  /**
   * @param reference variant with which the others are compared
   * @throws IllegalArgumentException as the other method, or if there is no such variant
   */
  public static void write(
      List<Row> rows,
      Optional<LayerMap> map,
      Map<String, String> facts,
      Optional<String> reference,
      Path out)
      throws IOException {
    String page = of(rows, map, facts, reference);
    if (out.toAbsolutePath().getParent() != null) {
      Files.createDirectories(out.toAbsolutePath().getParent());
    }
    Files.writeString(out, page);
  }

  private static String of(
      List<Row> rows,
      Optional<LayerMap> map,
      Map<String, String> facts,
      Optional<String> reference) {
    Results results = new Results(rows);
    String compared = results.reference(reference);
    Markup page = new Markup();
    page.open("html", "xmlns", "http://www.w3.org/1999/xhtml", "lang", "en");
    page.open("head");
    page.empty("meta", "charset", "utf-8");
    page.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
    page.empty("meta", "name", "color-scheme", "content", "light dark");
    page.leaf("title", "Ltri evaluation");
    page.style(style());
    page.closeLine();
    page.open("body").open("main");
    opening(page, results);
    new ScoreSection(results, compared).write(page);
    new DepthSection(results).write(page);
    new RecallSection(results).write(page);
    new CostSection(results).write(page);
    map.ifPresent(layer -> new SpanSection(layer).write(page));
    new MakingSection(results, facts, map).write(page);
    page.closeLine().closeLine().closeLine();
    return "<!DOCTYPE html>\n" + page.finished();
  }

  private static void opening(Markup page, Results results) {
    page.line("h1", "Ltri evaluation");
    page.line(
        "p",
        "A language model read long texts and answered questions about them, each under several ways to"
            + " keep what it had read (variants). This page shows how often it was right, and at what cost.",
        "class",
        "lead");
    List<Integer> lengths = results.lengths();
    page.open("ul", "class", "summary");
    page.leaf("li", Wording.count(results.rows().size(), "answer"));
    page.leaf("li", Wording.count(results.variants().size(), "variant"));
    page.leaf("li", Wording.count(results.tasks().size(), "task"));
    page.leaf(
        "li",
        lengths.size() == 1
            ? "texts of " + Wording.count(lengths.getFirst()) + " tokens"
            : "texts of "
                + Wording.count(lengths.getFirst())
                + " to "
                + Wording.count(lengths.getLast())
                + " tokens");
    page.closeLine();
  }

  private static String style() {
    try (InputStream in = ReportPage.class.getResourceAsStream(STYLE)) {
      if (in == null) {
        throw new IllegalStateException(STYLE + " is missing beside the report's classes");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
