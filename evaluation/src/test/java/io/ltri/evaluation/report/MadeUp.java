package io.ltri.evaluation.report;

import io.ltri.evaluation.run.Row;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Rows and maps made by hand. */
final class MadeUp {
  private MadeUp() {}

  static Row row(String task, int length, String sample, String variant, double score) {
    return row(task, length, sample, -1, variant, score, "output", List.of());
  }

  static Row row(
      String task,
      int length,
      String sample,
      double depth,
      String variant,
      double score,
      String output,
      List<Double> recall) {
    Map<String, Long> figures = new TreeMap<>();
    figures.put("readingMillis", 10_000L + length);
    figures.put("promptMillis", 400L);
    figures.put("answerMillis", 1_300L);
    figures.put("spansFetched", 12L);
    figures.put("bytesFetched", 2_500_000L);
    return new Row(
        task,
        sample,
        length,
        depth,
        42,
        variant,
        Map.of("policy", variant),
        score,
        output,
        List.of("4711"),
        length - 90,
        length - 130,
        recall,
        figures);
  }

  /** Of one variant: samples 0, 1, ... with these scores. */
  static List<Row> rows(String task, int length, String variant, double... scores) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < scores.length; i++) {
      rows.add(row(task, length, Integer.toString(i), variant, scores[i]));
    }
    return rows;
  }

  /** Two spans of 3 and 2 tokens from position 10 on, a band of width 4, two layers. */
  static LayerMap map() {
    List<List<Double>> band = new ArrayList<>(Collections.nCopies(5, List.of(0.5, 0.25, 0.0, 0.0)));
    return new LayerMap(
        "tiny <model>",
        Map.of("policy", "ltri"),
        1,
        10,
        8,
        4,
        band,
        List.of("a", "<b>", "\n", " \u0000d", "é"),
        List.of(new LayerMap.Span(10, 13, 1.5, 0.75), new LayerMap.Span(13, 15, 0.25, 0.5)),
        List.of(List.of(8, 9, 30), List.of(3, 2)));
  }
}
