package io.ltri.evaluation.report;

import static io.ltri.evaluation.report.MadeUp.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.evaluation.run.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TextTableTest {

  private static List<Row> measured() {
    List<Row> rows = new ArrayList<>();
    rows.addAll(rows("niah", 8192, "full", 0, 0, 0, 0, 0, 0));
    rows.addAll(rows("niah", 8192, "ltri", 1, 1, 1, 1, 1, 1));
    rows.addAll(rows("niah", 4096, "full", 1, 1, 1, 0));
    rows.addAll(rows("niah", 4096, "ltri", 1, 0, 1, 0));
    rows.addAll(rows("vt", 4096, "ltri", 0.25, 0.75));
    return rows;
  }

  @Test
  void saysScoresIntervalsAndDifferences() {
    assertThat(TextTable.of(measured()))
        .isEqualTo(
            """
            niah    4,096                8,192
            full    *75.0 [30, 95] n 4    0.0 [0, 39] n 6
            ltri     50.0 [15, 85] n 4   *100.0 [61, 100] n 6
            minus full, same samples
              ltri   -25.0 [-75, 0] n 4   +100.0 [+100, +100] n 6 +

            vt    4,096
            ltri   50.0 [25, 75] n 2

            Mean score x 100 [95 % interval] and samples; * best of its column; + or - behind a difference: the samples tell.
            """);
  }

  @Test
  void comparesWithTheReferenceAskedFor() {
    assertThat(TextTable.of(measured(), Optional.of("ltri")))
        .contains("minus ltri, same samples\n  full   +25.0 [0, +75] n 4   -100.0");
  }

  @Test
  void nothingIsAnError() {
    assertThatThrownBy(() -> TextTable.of(List.of())).hasMessageContaining("nothing to report");
  }
}
