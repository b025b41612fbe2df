package io.ltri.benchmarks;

import io.ltri.benchmarks.figure.Result;
import io.ltri.benchmarks.figure.ResultFile;
import io.ltri.benchmarks.figure.Table;
import io.ltri.benchmarks.plot.Plots;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Several results in the same pictures: lengths that were measured apart, or before and after. */
@Command(
    name = "plot",
    description = {
      "Draws several results in the same plots, and prints their tables.",
      "",
      "Results of one label are taken together; where they have the same length, the last one counts."
    })
final class PlotCommand implements Callable<Integer> {
  @Parameters(arity = "1..*", paramLabel = "FILE", description = "Each a result.json.")
  List<Path> files = new ArrayList<>();

  @Option(names = "--out", required = true, paramLabel = "FOLDER", description = "For the plots.")
  Path out = Path.of("");

  @Override
  public Integer call() throws IOException {
    List<Result> results = new ArrayList<>();
    for (Path file : files) {
      results.add(ResultFile.read(file));
    }
    for (Result result : results) {
      System.out.printf("## %s, %s%n%n", result.made().label(), result.made().at());
      System.out.printf("`%s`%n%n", result.made().command());
      System.out.print(Table.of(result));
    }
    for (Path plot : Plots.draw(out, results)) {
      System.err.println(plot);
    }
    return 0;
  }
}
