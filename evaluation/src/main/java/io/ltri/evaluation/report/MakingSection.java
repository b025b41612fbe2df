package io.ltri.evaluation.report;

import io.ltri.evaluation.run.Row;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Optional;

/** What one needs to make the page again: facts of the run, variants with settings, seeds. */
final class MakingSection {
  private final Results results;
  private final Map<String, String> facts;
  private final Optional<LayerMap> map;

  MakingSection(Results results, Map<String, String> facts, Optional<LayerMap> map) {
    this.results = results;
    this.facts = facts;
    this.map = map;
  }

  void write(Markup page) {
    page.open("section", "id", "making").line("h2", "How it was made");
    if (!facts.isEmpty()) {
      page.open("dl");
      facts.forEach((name, value) -> page.leaf("dt", name).leaf("dd", value));
      page.closeLine();
    }
    variants(page);
    samples(page);
    map.ifPresent(
        layer -> {
          page.line("h3", "The reading behind the spans");
          page.line("p", "Model " + layer.model() + ", read with these settings:");
          page.line("p", Wording.settings(layer.settings()), "class", "code");
        });
    page.line("h3", "Intervals");
    page.line(
        "p",
        "Scores that are all 0 or 1: Wilson's interval. Others, and differences: bootstrap over samples,"
            + " 10,000 resamples, seed "
            + Results.SEED
            + ", percentiles 2.5 and 97.5. Intervals are per cell and not corrected for the number of cells:"
            + " of twenty comparisons without any difference, about one is marked by chance.");
    page.closeLine();
  }

  private void variants(Markup page) {
    page.line("h3", "Variants");
    page.line("p", "Settings of the inference service that are not its default.");
    page.open("div", "class", "scroll").open("table", "class", "variants");
    page.open("thead").open("tr");
    page.leaf("th", "variant", "scope", "col").leaf("th", "settings", "scope", "col");
    page.leaf("th", "answers", "scope", "col").close().closeLine();
    page.open("tbody");
    for (String variant : results.variants()) {
      page.open("tr").leaf("th", variant, "scope", "row");
      page.leaf("td", Wording.settings(results.changes(variant)), "class", "code");
      page.leaf(
          "td",
          Wording.count(
              results.rows().stream().filter(row -> row.variant().equals(variant)).count()));
      page.closeLine();
    }
    page.close().close().closeLine();
  }

  private void samples(Markup page) {
    page.line("h3", "Samples");
    page.line("p", "A sample follows from its task, length, depth and seed.");
    page.open("div", "class", "scroll").open("table", "class", "samples");
    page.open("thead").open("tr");
    for (String name : List.of("task", "tokens", "samples", "seeds")) {
      page.leaf("th", name, "scope", "col");
    }
    page.close().closeLine();
    page.open("tbody");
    for (String task : results.tasks()) {
      for (int length : results.lengths(task)) {
        List<Row> rows =
            results.rows().stream()
                .filter(row -> row.task().equals(task) && row.length() == length)
                .toList();
        LongSummaryStatistics seeds = rows.stream().mapToLong(Row::seed).summaryStatistics();
        page.open("tr").leaf("th", task, "scope", "row");
        page.leaf("td", Wording.count(length));
        page.leaf("td", Wording.count(rows.stream().map(Row::sample).distinct().count()));
        page.leaf(
            "td",
            seeds.getMin() == seeds.getMax()
                ? Long.toString(seeds.getMin())
                : seeds.getMin() + " to " + seeds.getMax());
        page.closeLine();
      }
    }
    page.close().close().closeLine();
  }
}
