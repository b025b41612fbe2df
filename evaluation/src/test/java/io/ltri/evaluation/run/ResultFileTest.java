package io.ltri.evaluation.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultFileTest {
  @TempDir Path folder;

  static Row row(String sample, String variant, double score) {
    return new Row(
        "task",
        sample,
        4096,
        0.5,
        7,
        variant,
        Map.of("policy", variant),
        score,
        "output \"with\" quotes\nand lines",
        List.of("4711"),
        4000,
        3900,
        List.of(0.5, 1.0),
        Map.of("readingMillis", 12L));
  }

  @Test
  void rowsComeBackAsTheyWere() throws Exception {
    Path file = folder.resolve("deep/results.jsonl");
    try (ResultFile<Row> results = new ResultFile<>(file, Row.class)) {
      results.add(row("0", "full", 1));
      results.add(row("0", "ltri", 0.25));
    }
    assertThat(ResultFile.read(file, Row.class))
        .containsExactly(row("0", "full", 1), row("0", "ltri", 0.25));
    try (ResultFile<Row> again = new ResultFile<>(file, Row.class)) {
      assertThat(again.has(row("0", "full", 0).key(), Map.of("policy", "full"))).isTrue();
      assertThat(again.has(row("1", "full", 0).key(), Map.of("policy", "full"))).isFalse();
    }
  }

  @Test
  void tornLastLineIsDroppedAndMeasuredAgain() throws Exception {
    Path file = folder.resolve("results.jsonl");
    try (ResultFile<Row> results = new ResultFile<>(file, Row.class)) {
      results.add(row("0", "full", 1));
    }
    Files.writeString(file, "{\"task\":\"ta", StandardOpenOption.APPEND);
    try (ResultFile<Row> results = new ResultFile<>(file, Row.class)) {
      results.add(row("1", "full", 0));
    }
    assertThat(ResultFile.read(file, Row.class))
        .containsExactly(row("0", "full", 1), row("1", "full", 0));
  }

  @Test
  void damagedLineIsNamed() throws Exception {
    Path file = folder.resolve("results.jsonl");
    try (ResultFile<Row> results = new ResultFile<>(file, Row.class)) {
      results.add(row("0", "full", 1));
    }
    Files.writeString(file, "nonsense\n", StandardOpenOption.APPEND);
    assertThatThrownBy(() -> new ResultFile<>(file, Row.class))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("line 2");
  }

  @Test
  void sameNameWithOtherSettingsIsRefused() throws Exception {
    Path file = folder.resolve("results.jsonl");
    try (ResultFile<Row> results = new ResultFile<>(file, Row.class)) {
      results.add(row("0", "ltri", 1));
      assertThatThrownBy(
              () -> results.has(row("0", "ltri", 1).key(), Map.of("policy", "ltri", "x", "1")))
          .hasMessageContaining("another name");
    }
  }
}
