package io.ltri.evaluation;

import io.ltri.evaluation.run.Runner;
import io.ltri.evaluation.task.InfiniteBench;
import io.ltri.evaluation.task.Sample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** InfiniteBench, from its own files. */
@Command(
    name = "infinitebench",
    description = {
      "InfiniteBench (arXiv 2402.13718), from the official files of JSON lines that you have.",
      "",
      "A context longer than the wanted length loses its middle. Scores are the official ones."
    })
final class InfiniteBenchCommand implements Callable<Integer> {
  @Mixin RunOptions options = new RunOptions();

  @Option(
      names = "--data",
      required = true,
      paramLabel = "FOLDER",
      description = "Holds the official files, for instance passkey.jsonl.")
  Path data = Path.of("");

  @Option(
      names = "--tasks",
      split = ",",
      paramLabel = "T,...",
      description = "Default: all of which the folder has a file.")
  List<String> tasks = List.of();

  @Override
  public Integer call() throws Exception {
    try (Measurement measurement = new Measurement(options)) {
      List<InfiniteBench> known =
          InfiniteBench.in(
              data,
              text -> measurement.lab().model().tokenizer().encodeText(text).length,
              Tasks.overhead(measurement.lab().model()));
      List<Runner.Work> works = new ArrayList<>();
      for (InfiniteBench task : known) {
        if (!tasks.isEmpty() && !tasks.contains(task.name())) {
          continue;
        }
        for (int length : options.lengths) {
          for (int question = 0;
              question < Math.min(options.samples, task.questions());
              question++) {
            works.add(
                new Runner.Work(
                    task, length, Sample.NO_DEPTH, question, Integer.toString(question)));
          }
        }
      }
      if (works.isEmpty()) {
        throw new IllegalArgumentException(
            "nothing to do: the folder has " + known.stream().map(InfiniteBench::name).toList());
      }
      var unused = measurement.run(works);
    }
    return 0;
  }
}
