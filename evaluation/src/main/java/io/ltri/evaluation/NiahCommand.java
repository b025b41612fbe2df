package io.ltri.evaluation;

import io.ltri.evaluation.run.Runner;
import io.ltri.evaluation.task.NeedleGrid;
import io.ltri.evaluation.task.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A needle in a haystack, on a grid of lengths and depths. */
@Command(
    name = "niah",
    description = {
      "A needle in a haystack: one sentence with a number, hidden in natural text at every length and depth.",
      "",
      "Depth 0 lies in the sink and depth 100 in the window of a policy that has them: the report shows both apart."
    })
final class NiahCommand implements Callable<Integer> {
  @Mixin RunOptions options = new RunOptions();

  @Option(
      names = "--depths",
      paramLabel = "N",
      description = "Equally spaced from 0 to 100 per cent. Default: 11.")
  int depths = 11;

  @Override
  public Integer call() throws Exception {
    if (depths < 1) {
      throw new IllegalArgumentException("--depths is " + depths + " but must be at least 1");
    }
    try (Measurement measurement = new Measurement(options)) {
      Task task = Tasks.of(options, measurement.lab()).named(NeedleGrid.NAME);
      List<Runner.Work> works = new ArrayList<>();
      for (int length : options.lengths) {
        for (int sample = 0; sample < options.samples; sample++) {
          for (int depth = 0; depth < depths; depth++) {
            double at = depths == 1 ? 50 : 100.0 * depth / (depths - 1);
            long seed = options.seed + sample * 1000L + depth;
            works.add(
                new Runner.Work(task, length, at, seed, depth + "/" + (depths - 1) + "-" + seed));
          }
        }
      }
      var unused = measurement.run(works);
    }
    return 0;
  }
}
