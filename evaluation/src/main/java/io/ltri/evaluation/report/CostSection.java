package io.ltri.evaluation.report;

import io.ltri.evaluation.run.Row;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Medians of tokens, times and traffic per length and variant. */
final class CostSection {

  /**
   * @param of a row; null if the row does not tell
   */
  private record Column(
      String name, Function<Row, @Nullable Number> of, DoubleFunction<String> shown) {}

  private static final List<Column> COLUMNS =
      List.of(
          new Column(
              "prompt, tokens", Row::promptTokens, value -> Wording.count(Math.round(value))),
          new Column("reading the text", figure("readingMillis"), Wording::millis),
          new Column("question, to first token", figure("promptMillis"), Wording::millis),
          new Column("question and answer", figure("answerMillis"), Wording::millis),
          new Column("answer, tokens", figure("generated"), CostSection::whole),
          new Column("look-ups", figure("lookups"), CostSection::whole),
          new Column("spans fetched", figure("spansFetched"), CostSection::whole),
          new Column("fetched", figure("bytesFetched"), Wording::bytes));

  private final Results results;

  CostSection(Results results) {
    this.results = results;
  }

  private static Function<Row, @Nullable Number> figure(String name) {
    return row -> row.figures().get(name);
  }

  private static String whole(double value) {
    return Wording.count(Math.round(value));
  }

  void write(Markup page) {
    page.open("section", "id", "cost").line("h2", "Cost");
    page.line(
        "p",
        "Medians over all answers of a variant at one length, whatever the task. A text is read once and"
            + " then asked under every variant that reads alike: such variants show the same reading. What is"
            + " fetched comes from the index; a block that was fetched before, be it by a variant asked earlier, is not"
            + " counted. Times are those of a machine that may have been shared with other work: they are"
            + " indicative only.");
    page.open("div", "class", "scroll").open("table", "class", "cost");
    page.open("thead").open("tr").leaf("th", "variant", "scope", "col");
    page.leaf("th", "answers", "scope", "col");
    COLUMNS.forEach(column -> page.leaf("th", column.name(), "scope", "col"));
    page.close().closeLine();
    for (int length : results.lengths()) {
      page.open("tbody");
      page.open("tr", "class", "group");
      page.leaf(
          "th",
          Wording.count(length) + " tokens",
          "scope",
          "rowgroup",
          "colspan",
          COLUMNS.size() + 2);
      page.closeLine();
      for (String variant : results.variants()) {
        List<Row> rows = results.rows(length, variant);
        if (!rows.isEmpty()) {
          line(page, variant, rows);
        }
      }
      page.closeLine();
    }
    page.close().closeLine().closeLine();
  }

  private static void line(Markup page, String variant, List<Row> rows) {
    page.open("tr").leaf("th", variant, "scope", "row");
    page.leaf("td", Wording.count(rows.size()));
    for (Column column : COLUMNS) {
      OptionalDouble median =
          median(
              rows.stream()
                  .map(column.of())
                  .filter(Objects::nonNull)
                  .mapToDouble(Number::doubleValue)
                  .toArray());
      page.leaf("td", median.isPresent() ? column.shown().apply(median.getAsDouble()) : "–");
    }
    page.closeLine();
  }

  /** The middle value; of an even number the mean of the two in the middle. */
  static OptionalDouble median(double[] values) {
    if (values.length == 0) {
      return OptionalDouble.empty();
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int half = sorted.length / 2;
    return OptionalDouble.of(
        sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2);
  }
}
