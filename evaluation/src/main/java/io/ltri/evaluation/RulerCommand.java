package io.ltri.evaluation;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** RULER's tasks. */
@Command(
    name = "ruler",
    description = {
      "RULER's synthetic tasks (arXiv 2404.06654), generated here: needles of several kinds, variable tracking,"
          + " most common words.",
      "",
      "Also the tasks planted, passkey and number, by name. The two tasks of questions on paragraphs need files: --squad, --hotpot."
    })
final class RulerCommand implements Callable<Integer> {
  @Mixin RunOptions options = new RunOptions();

  @Option(
      names = "--tasks",
      split = ",",
      paramLabel = "T,...",
      description = "Default: the eleven synthetic ones.")
  List<String> tasks = List.of();

  @Option(names = "--squad", paramLabel = "FILE", description = "SQuAD's JSON, for the task qa_1.")
  @Nullable Path squad;

  @Option(
      names = "--hotpot",
      paramLabel = "FILE",
      description = "HotpotQA's JSON, for the task qa_2.")
  @Nullable Path hotpot;

  @Override
  public Integer call() throws Exception {
    try (Measurement measurement = new Measurement(options)) {
      Tasks known = Tasks.of(options, measurement.lab());
      if (squad != null) {
        known.addSquad(squad);
      }
      if (hotpot != null) {
        known.addHotpot(hotpot);
      }
      var unused = measurement.run(known.works(options, tasks.isEmpty() ? known.ruler() : tasks));
    }
    return 0;
  }
}
