package io.ltri.evaluation;

import io.ltri.evaluation.run.Row;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Whether the layers look where the answer is. */
@Command(
    name = "recall",
    description = {
      "Whether the layers look where the answer is: of the sentence with the needle, the share of tokens that a layer"
          + " attends to after the question.",
      "",
      "What lies in the sink or the window counts as looked at."
    })
final class RecallCommand implements Callable<Integer> {
  @Mixin RunOptions options = new RunOptions();

  @Option(
      names = "--tasks",
      split = ",",
      paramLabel = "T,...",
      description = "As of 'ltri eval ruler'. Default: niah_single_2.")
  List<String> tasks = List.of("niah_single_2");

  @Override
  public Integer call() throws Exception {
    List<Row> rows;
    try (Measurement measurement = new Measurement(options)) {
      rows = measurement.run(Tasks.of(options, measurement.lab()).works(options, tasks));
    }
    System.out.print(table(rows));
    return 0;
  }

  /** Mean over layers, the best layer, and how many layers see half of it or more. */
  static String table(List<Row> rows) {
    Map<String, List<Row>> cells =
        rows.stream()
            .filter(row -> !row.recall().isEmpty())
            .collect(
                Collectors.groupingBy(
                    row ->
                        String.format(
                            Locale.ROOT,
                            "%s, %,d tokens, %s",
                            row.task(),
                            row.length(),
                            row.variant()),
                    LinkedHashMap::new,
                    Collectors.toList()));
    StringBuilder text = new StringBuilder();
    cells.forEach(
        (name, cell) -> {
          int layers = cell.getFirst().recall().size();
          double[] means = new double[layers];
          for (Row row : cell) {
            for (int layer = 0; layer < layers; layer++) {
              means[layer] += row.recall().get(layer) / cell.size();
            }
          }
          double mean = 0;
          int best = 0;
          int half = 0;
          for (int layer = 0; layer < layers; layer++) {
            mean += means[layer] / layers;
            best = means[layer] > means[best] ? layer : best;
            half += means[layer] >= 0.5 ? 1 : 0;
          }
          text.append(
              String.format(
                  Locale.ROOT,
                  "%-56s recall %.3f, best layer %d with %.3f, %d of %d layers see half or more; %d samples%n",
                  name,
                  mean,
                  best,
                  means[best],
                  half,
                  layers,
                  cell.size()));
        });
    return text.toString();
  }
}
