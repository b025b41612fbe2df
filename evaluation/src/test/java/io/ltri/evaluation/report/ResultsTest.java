package io.ltri.evaluation.report;

import static io.ltri.evaluation.report.MadeUp.row;
import static io.ltri.evaluation.report.MadeUp.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.evaluation.run.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ResultsTest {

  private static List<Row> both(List<Row> first, List<Row> second) {
    List<Row> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }

  @Test
  void noRowsAreAnError() {
    assertThatThrownBy(() -> new Results(List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nothing to report");
  }

  @Test
  void oneNameForTwoSettingsIsAnError() {
    Row one = row("t", 4096, "0", "ltri", 1);
    Row other =
        new Row(
            "t",
            "1",
            4096,
            -1,
            1,
            "ltri",
            Map.of("policy", "ltri", "budget-tokens", "64"),
            1,
            "",
            List.of(),
            1,
            1,
            List.of(),
            Map.of());
    assertThatThrownBy(() -> new Results(List.of(one, other)))
        .hasMessageContaining("'ltri'")
        .hasMessageContaining("budget-tokens");
  }

  @Test
  void ofTheSameMeasurementTheLastCounts() {
    Results results =
        new Results(List.of(row("t", 4096, "0", "ltri", 0), row("t", 4096, "0", "ltri", 1)));
    assertThat(results.rows("t", 4096, "ltri")).extracting(Row::score).containsExactly(1.0);
  }

  @Test
  void referenceIsFullOrTheFirstOrTheOneAskedFor() {
    Results withFull =
        new Results(List.of(row("t", 1, "0", "ltri", 0), row("t", 1, "0", "full", 0)));
    assertThat(withFull.reference(Optional.empty())).isEqualTo("full");
    assertThat(withFull.reference(Optional.of("ltri"))).isEqualTo("ltri");
    assertThatThrownBy(() -> withFull.reference(Optional.of("infllm")))
        .hasMessageContaining("'infllm' was not measured");
    Results without =
        new Results(List.of(row("t", 1, "0", "streaming", 0), row("t", 1, "0", "ltri", 0)));
    assertThat(without.reference(Optional.empty())).isEqualTo("streaming");
  }

  @Test
  void noneIsBestWhereAllAreEqual() {
    Results equal = new Results(both(rows("t", 1, "a", 1, 1), rows("t", 1, "b", 1, 1)));
    assertThat(equal.best("t", 1)).isEmpty();
    Results differ = new Results(both(rows("t", 1, "a", 1, 0), rows("t", 1, "b", 1, 1)));
    assertThat(differ.best("t", 1)).contains(100.0);
  }

  @Test
  void comparesSharedSamplesOnly() {
    List<Row> variant = rows("t", 1, "a", 1, 1, 0, 1);
    List<Row> reference = List.of(row("t", 1, "1", "b", 0), row("t", 1, "2", "b", 0.5));
    Comparison comparison = Comparison.of(variant, reference).orElseThrow();
    assertThat(comparison.better()).isEqualTo(1);
    assertThat(comparison.worse()).isEqualTo(1);
    assertThat(comparison.difference().samples()).isEqualTo(2);
    assertThat(comparison.difference().value()).isEqualTo(25);
    assertThat(Comparison.of(variant, List.of(row("t", 1, "9", "b", 0)))).isEmpty();
  }

  @Test
  void fewSamplesTellNothingHoweverClear() {
    Comparison five =
        Comparison.of(rows("t", 1, "a", 1, 1, 1, 1, 1), rows("t", 1, "b", 0, 0, 0, 0, 0))
            .orElseThrow();
    assertThat(five.difference().low()).isEqualTo(100);
    assertThat(five.sign()).isZero();
    List<Row> six = rows("t", 1, "a", 1, 1, 1, 1, 1, 1);
    List<Row> none = rows("t", 1, "b", 0, 0, 0, 0, 0, 0);
    assertThat(Comparison.of(six, none).orElseThrow().sign()).isEqualTo(1);
    assertThat(Comparison.of(none, six).orElseThrow().sign()).isEqualTo(-1);
  }
}
