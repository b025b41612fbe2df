package io.ltri.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.evaluation.run.ResultFile;
import io.ltri.evaluation.run.Row;
import io.ltri.evaluation.run.Stretch;
import io.ltri.evaluation.run.Variant;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class EvalCommandTest {
  @TempDir Path folder;

  private record Outcome(int code, String err) {}

  private static Outcome run(String... args) {
    CommandLine line = EvalCommand.commandLine();
    StringWriter err = new StringWriter();
    line.setErr(new PrintWriter(err, true));
    int code = line.execute(args);
    return new Outcome(code, err.toString());
  }

  private static Row row(String sample, String variant, double score, List<Double> recall) {
    return new Row(
        "niah",
        sample,
        4096,
        0.5,
        7,
        variant,
        Map.of("policy", variant),
        score,
        "an output <with> & marks",
        List.of("4711"),
        4000,
        3900,
        recall,
        Map.of("readingMillis", 12L, "promptMillis", 3L, "answerMillis", 5L));
  }

  @Test
  void everySwitchOfTheAblationIsASetting() {
    List<String> all = new ArrayList<>(AblationCommand.LOOKUP);
    all.addAll(AblationCommand.READING);
    Variant plain = Variant.parse("ltri", Map.of());
    for (String text : all) {
      Variant variant = Variant.parse(text, Map.of());
      boolean lookup = AblationCommand.LOOKUP.contains(text);
      assertThat(variant.settings().reading().equals(plain.settings().reading()))
          .as(text)
          .isEqualTo(lookup);
      assertThat(variant.settings().answering().equals(plain.settings().answering()))
          .as(text)
          .isEqualTo(!lookup);
    }
  }

  @Test
  void budgetsMultiplyThePoliciesThatHaveOne() {
    RunOptions options = new RunOptions();
    options.policies = List.of("full", "ltri", "infllm");
    options.budgets = List.of(128, 256);
    options.variants.add("mine: ltri window-tokens=600");
    assertThat(options.variants())
        .extracting(Variant::name)
        .containsExactly("full", "ltri 128", "ltri 256", "infllm 128", "infllm 256", "mine");
    assertThat(options.variants().get(1).settings().answering().budgetTokens()).isEqualTo(128);
  }

  @ParameterizedTest
  @ValueSource(strings = {"niah", "ruler", "perplexity", "ablation", "recall", "map", "report"})
  void everyCommandHasItsHelp(String command) {
    assertThat(run(command, "--help").code()).isZero();
  }

  @Test
  void whatIsAskedForWronglyIsSaid() {
    assertThat(run().code()).isEqualTo(2);
    assertThat(run("niah", "--lengths", "long").err()).contains("--lengths").contains("long");
    assertThat(run("ruler", "--policies", "magic").err()).contains("no attention policy 'magic'");
    assertThat(run("ruler", "--variant", "a: ltri x", "--policies", "full").err())
        .contains("setting=value");
    assertThat(run("ruler", "--policies", "full,full").err()).contains("two variants");
    assertThat(run("niah", "--depths", "0").err()).contains("--depths");
    assertThat(run("report", folder.resolve("none.jsonl").toString()).err())
        .contains("there is no file");
  }

  @Test
  void lengthsMayHaveAK() {
    RunOptions.Length length = new RunOptions.Length();
    assertThat(length.convert("4k")).isEqualTo(4096);
    assertThat(length.convert("1000")).isEqualTo(1000);
    assertThatThrownBy(() -> length.convert("k")).isInstanceOf(NumberFormatException.class);
  }

  @Test
  void pageOfRowsIsWritten() throws Exception {
    Path rows = folder.resolve("rows.jsonl");
    try (ResultFile<Row> results = new ResultFile<>(rows, Row.class)) {
      results.add(row("0", "full", 1, List.of(1.0, 1.0)));
      results.add(row("0", "ltri", 0, List.of(0.25, 0.75)));
    }
    Path page = folder.resolve("page.html");
    assertThat(run("report", rows.toString(), "--out", page.toString()).code()).isZero();
    assertThat(Files.readString(page)).contains("niah").contains("ltri").contains(rows.toString());
  }

  @Test
  void recallIsTheMeanOfLayersAndSamples() {
    assertThat(
            RecallCommand.table(
                List.of(
                    row("0", "ltri", 1, List.of(0.0, 0.5, 1.0)),
                    row("1", "ltri", 1, List.of(0.2, 0.5, 0.8)))))
        .contains("recall 0.500")
        .contains("best layer 2 with 0.900")
        .contains("2 of 3 layers")
        .contains("2 samples");
  }

  @Test
  void perplexityIsThatOfAllTokensOfAStretch() {
    assertThat(
            PerplexityCommand.table(
                List.of(
                    new Stretch(0, 100, "full", Map.of(), 0, 10, Math.log(8)),
                    new Stretch(1, 100, "full", Map.of(), 0, 30, Math.log(2)),
                    new Stretch(0, 100, "full", Map.of(), 50, 10, Math.log(3)))))
        .contains("100 tokens, full")
        // (8^10 * 2^30)^(1/40) = 2^1.5
        .contains("0: 2.83")
        .contains("50: 3.00");
  }
}
