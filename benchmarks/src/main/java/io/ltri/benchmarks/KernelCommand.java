package io.ltri.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.openjdk.jmh.Main;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The JMH benchmarks. */
@Command(
    name = "kernels",
    description = {
      "Runs the JMH benchmarks: segmentation, look-up, block read, transport.",
      "",
      "Options of JMH come after --, for instance: ltri bench kernels -- -f 1 -wi 3 Lookup"
    })
final class KernelCommand implements Callable<Integer> {
  @Parameters(paramLabel = "ARG", description = "For JMH: a pattern of names, options.")
  List<String> arguments = new ArrayList<>();

  @Override
  public Integer call() throws Exception {
    Main.main(arguments.toArray(String[]::new));
    return 0;
  }
}
