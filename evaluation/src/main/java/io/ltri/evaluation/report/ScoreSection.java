package io.ltri.evaluation.report;

import io.ltri.evaluation.run.Row;
import io.ltri.evaluation.score.Interval;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Per task: scores of variants and lengths, differences from the reference, wrong answers. */
final class ScoreSection {
  private static final int WRONG_SHOWN = 3;
  private static final int OUTPUT_CHARACTERS = 240;
  private static final int BAR_WIDTH = 100;

  private final Results results;
  private final String reference;

  ScoreSection(Results results, String reference) {
    this.results = results;
    this.reference = reference;
  }

  void write(Markup page) {
    page.open("section", "id", "scores").line("h2", "Scores");
    page.line(
        "p",
        "Mean score × 100: 100 means that every answer held all that was asked for. Under it the 95 %"
            + " confidence interval, as a bar from 0 to 100 and in figures, and n, the number of answers."
            + " With few answers the interval is wide: a difference inside it means nothing. The best of"
            + " a column is marked with ★, unless all are equal.");
    page.line(
        "p",
        "The second table of a task compares with "
            + reference
            + " over the same samples: the difference in points, its 95 % interval (paired bootstrap), and on"
            + " how many samples the variant was better and worse. ▲ or ▼: the interval leaves out 0 and at"
            + " least "
            + Comparison.FEWEST_THAT_TELL
            + " samples differ. Without a mark these samples do not tell the two apart.");
    for (String task : results.tasks()) {
      page.line("h3", task);
      if (!Glossary.task(task).isEmpty()) {
        page.line("p", Glossary.task(task));
      }
      scores(page, task);
      differences(page, task);
      wrong(page, task);
    }
    page.closeLine();
  }

  private void scores(Markup page, String task) {
    List<Integer> lengths = results.lengths(task);
    page.open("div", "class", "scroll").open("table", "class", "scores");
    heading(page, "variant", lengths);
    page.open("tbody");
    for (String variant : results.variants(task)) {
      page.open("tr");
      page.open("th", "scope", "row").text(variant);
      page.leaf("small", described(variant)).close();
      for (int length : lengths) {
        Optional<Interval> score = results.score(task, length, variant);
        if (score.isEmpty()) {
          page.leaf("td", "–", "class", "none");
          continue;
        }
        score(page, score.get(), results.isBest(task, length, variant));
      }
      page.closeLine();
    }
    page.close().close().closeLine();
  }

  private static void heading(Markup page, String first, List<Integer> lengths) {
    page.open("thead").open("tr").leaf("th", first, "scope", "col");
    for (int length : lengths) {
      page.open("th", "scope", "col").text(Wording.count(length));
      page.leaf("small", "tokens").close();
    }
    page.close().closeLine();
  }

  /** Settings in which a variant differs from the others; its policy only if the name hides it. */
  private String described(String variant) {
    Map<String, String> own = new TreeMap<>(results.changes(variant));
    for (String setting : results.changes(variant).keySet()) {
      long values =
          results.variants().stream()
              .map(other -> results.changes(other).getOrDefault(setting, ""))
              .distinct()
              .count();
      if (results.variants().size() > 1 && values == 1) {
        own.remove(setting);
      }
    }
    if (variant.startsWith(own.getOrDefault("policy", ""))) {
      own.remove("policy");
    }
    return Wording.settings(own);
  }

  private static void score(Markup page, Interval score, boolean best) {
    page.open("td", "class", best ? "best" : "score");
    page.leaf("b", Wording.score(score.value()));
    if (best) {
      page.leaf("span", " ★", "class", "star", "title", "best of this column");
    }
    page.open(
        "svg",
        "class",
        "bar",
        "viewBox",
        "-4 0 " + (BAR_WIDTH + 8) + " 10",
        "role",
        "img",
        "aria-label",
        Wording.range(score));
    page.empty("path", "class", "rail", "d", "M0 5H100M0 2V8M100 2V8");
    page.empty(
        "path",
        "class",
        "range",
        "d",
        "M" + Markup.number(score.low()) + " 5H" + Markup.number(score.high()));
    page.empty("circle", "cx", score.value(), "cy", 5, "r", 3.2);
    page.close();
    page.leaf("small", Wording.range(score) + "  n " + score.samples());
    page.close();
  }

  private void differences(Markup page, String task) {
    List<Integer> lengths = results.lengths(task);
    List<String> compared =
        results.variants(task).stream()
            .filter(variant -> !variant.equals(reference))
            .filter(
                variant ->
                    lengths.stream().anyMatch(length -> against(task, length, variant).isPresent()))
            .toList();
    if (compared.isEmpty()) {
      return;
    }
    page.open("div", "class", "scroll").open("table", "class", "differences");
    heading(page, "minus " + reference, lengths);
    page.open("tbody");
    for (String variant : compared) {
      page.open("tr").leaf("th", variant, "scope", "row");
      for (int length : lengths) {
        Optional<Comparison> comparison = against(task, length, variant);
        if (comparison.isEmpty()) {
          page.leaf("td", "–", "class", "none");
        } else {
          difference(page, comparison.get());
        }
      }
      page.closeLine();
    }
    page.close().close().closeLine();
  }

  private Optional<Comparison> against(String task, int length, String variant) {
    return Comparison.of(
        results.rows(task, length, variant), results.rows(task, length, reference));
  }

  private static void difference(Markup page, Comparison comparison) {
    Interval difference = comparison.difference();
    int sign = comparison.sign();
    page.open("td", "class", sign > 0 ? "above" : sign < 0 ? "below" : "even");
    page.leaf("b", Wording.signed(difference.value()));
    if (sign != 0) {
      page.leaf("span", sign > 0 ? " ▲" : " ▼", "class", "sign");
    }
    page.leaf("small", Wording.signedRange(difference));
    page.leaf(
        "small",
        "n %d: %d better, %d worse"
            .formatted(difference.samples(), comparison.better(), comparison.worse()));
    page.close();
  }

  private void wrong(Markup page, String task) {
    List<Row> missed =
        results.rows().stream().filter(row -> row.task().equals(task) && row.score() < 1).toList();
    if (missed.isEmpty()) {
      return;
    }
    page.open("details");
    page.leaf(
        "summary",
        "Answers that were not all right: "
            + Wording.count(missed.size())
            + "; up to "
            + WRONG_SHOWN
            + " per variant and length");
    page.open("div", "class", "scroll").open("table", "class", "answers");
    page.open("thead").open("tr");
    for (String name : List.of("variant", "tokens", "sample", "score", "wanted", "answer")) {
      page.leaf("th", name, "scope", "col");
    }
    page.close().closeLine();
    page.open("tbody");
    for (String variant : results.variants(task)) {
      for (int length : results.lengths(task)) {
        results.rows(task, length, variant).stream()
            .filter(row -> row.score() < 1)
            .limit(WRONG_SHOWN)
            .forEach(row -> answer(page, row));
      }
    }
    page.close().close().close().closeLine();
  }

  private static void answer(Markup page, Row row) {
    page.open("tr").leaf("th", row.variant(), "scope", "row");
    page.leaf("td", Wording.count(row.length()));
    page.leaf("td", row.sample());
    page.leaf("td", Wording.score(100 * row.score()));
    page.leaf("td", Wording.shortened(String.join(", ", row.references()), OUTPUT_CHARACTERS));
    page.open("td");
    if (row.output().isBlank()) {
      page.leaf("i", "nothing");
    } else {
      page.text(Wording.shortened(row.output(), OUTPUT_CHARACTERS));
    }
    page.close().closeLine();
  }
}
