package io.ltri.evaluation.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.evaluation.task.Match;
import io.ltri.evaluation.task.Sample;
import io.ltri.evaluation.task.Task;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class RunnerTest {
  private static final Map<String, String> SMALL =
      Map.of(
          "sink-tokens", "8",
          "window-tokens", "48",
          "chunk-tokens", "32",
          "reading-budget-tokens", "32",
          "budget-tokens", "32",
          "span-shortest", "4",
          "span-longest", "16",
          "precision", "fp32");

  @TempDir static Path data;
  @TempDir Path folder;
  private static Lab lab;

  @BeforeAll
  static void open() {
    lab =
        new Lab(
            Path.of("../inference-service/src/test/resources/models/tiny-llama"),
            Variant.parse("ltri", SMALL).settings().decoder(),
            data);
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  /** Says in one sentence of many what is asked. */
  private static final class Story implements Task {
    private int made;

    @Override
    public String name() {
      return "story";
    }

    @Override
    public Sample sample(int length, double depth, long seed) {
      made++;
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 20; i++) {
        text.append(i == 5 ? "The code is " + seed + ". " : "Line " + i + " says little. ");
      }
      return new Sample(
          name(),
          Long.toString(seed),
          length,
          0.25,
          seed,
          text.toString(),
          "What is the code?",
          "The code is",
          List.of(Long.toString(seed)),
          Match.ALL,
          6);
    }
  }

  private static List<Runner.Work> works(Task task, int count) {
    List<Runner.Work> works = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      works.add(new Runner.Work(task, 300, Sample.NO_DEPTH, 4000 + i, Integer.toString(i)));
    }
    return works;
  }

  private static List<Variant> variants() {
    return List.of(
        Variant.parse("full", SMALL),
        Variant.parse("streaming", SMALL),
        Variant.parse("ltri", SMALL),
        Variant.parse("small: ltri budget-tokens=8", SMALL));
  }

  @Test
  void eachSampleIsAnsweredUnderEachVariantOnce() throws Exception {
    Path file = folder.resolve("results.jsonl");
    Story story = new Story();
    try (ResultFile<Row> results = new ResultFile<>(file, Row.class)) {
      Runner runner = new Runner(lab, variants(), results, (sample, output) -> 0.5);
      runner.run(works(story, 2), 2, (row, done, due) -> assertThat(due).isEqualTo(8));
    }
    List<Row> rows = ResultFile.read(file, Row.class);
    assertThat(rows).hasSize(8).extracting(Row::score).containsOnly(0.5);
    assertThat(Stream.of(data.resolve("documents").toFile().list()))
        .as("documents that are left")
        .allMatch(name -> name.startsWith("."));

    Row full = rows.stream().filter(row -> row.variant().equals("full")).findFirst().orElseThrow();
    assertThat(full.recall()).isNotEmpty().containsOnly(1.0);
    assertThat(full.promptTokens()).isGreaterThan(full.documentTokens());
    Row streaming =
        rows.stream().filter(row -> row.variant().equals("streaming")).findFirst().orElseThrow();
    assertThat(streaming.recall()).containsOnly(0.0);
    Row ltri = rows.stream().filter(row -> row.variant().equals("ltri")).findFirst().orElseThrow();
    assertThat(ltri.figures().get("lookups")).isPositive();
    assertThat(ltri.figures().get("readingMillis"))
        .as("one reading for both budgets")
        .isEqualTo(
            rows.stream()
                .filter(row -> row.variant().equals("small") && row.sample().equals(ltri.sample()))
                .findFirst()
                .orElseThrow()
                .figures()
                .get("readingMillis"));
  }

  @Test
  void whatIsThereIsNotMeasuredAgain() throws Exception {
    Path file = folder.resolve("results.jsonl");
    Story story = new Story();
    try (ResultFile<Row> results = new ResultFile<>(file, Row.class)) {
      new Runner(lab, variants().subList(0, 1), results, (sample, output) -> 1)
          .run(works(story, 1), 1, (row, done, due) -> {});
    }
    assertThat(story.made).isEqualTo(1);
    try (ResultFile<Row> results = new ResultFile<>(file, Row.class)) {
      new Runner(lab, variants().subList(0, 2), results, (sample, output) -> 1)
          .run(
              works(story, 1),
              1,
              (row, done, due) -> assertThat(row.variant()).isEqualTo("streaming"));
      new Runner(lab, variants().subList(0, 2), results, (sample, output) -> 1)
          .run(works(story, 1), 1, (row, done, due) -> assertThat(done).isZero());
    }
    assertThat(story.made).isEqualTo(2);
    assertThat(ResultFile.read(file, Row.class)).hasSize(2);
  }

  @Test
  void sameSampleGivesTheSameAnswer() throws Exception {
    List<String> outputs = new ArrayList<>();
    for (String name : List.of("a.jsonl", "b.jsonl")) {
      try (ResultFile<Row> results = new ResultFile<>(folder.resolve(name), Row.class)) {
        new Runner(lab, variants(), results, (sample, output) -> 1)
            .run(works(new Story(), 1), 1, (row, done, due) -> {});
      }
      outputs.add(
          ResultFile.read(folder.resolve(name), Row.class).stream()
              .map(Row::output)
              .toList()
              .toString());
    }
    assertThat(outputs.get(0)).isEqualTo(outputs.get(1));
  }

  @Test
  void failureEndsTheRunWithItsReason() throws Exception {
    try (ResultFile<Row> results = new ResultFile<>(folder.resolve("results.jsonl"), Row.class)) {
      Runner runner =
          new Runner(
              lab,
              variants(),
              results,
              (sample, output) -> {
                throw new IllegalArgumentException("no score for this");
              });
      assertThatThrownBy(() -> runner.run(works(new Story(), 2), 1, (row, done, due) -> {}))
          .hasMessage("no score for this");
    }
    assertThatThrownBy(
            () ->
                new Runner(
                    lab,
                    List.of(Variant.parse("ltri window-tokens=100000", SMALL)),
                    new ResultFile<>(folder.resolve("other.jsonl"), Row.class),
                    (sample, output) -> 1))
        .hasMessageContaining("window-tokens 100000");
  }
}
