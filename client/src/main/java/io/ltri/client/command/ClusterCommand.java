package io.ltri.client.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Many index nodes on this machine, to look at. */
@Command(
    description = {
      "Many index nodes.",
      "",
      "  ltri cluster demo     starts a cluster on this machine, and kills a node of it in the middle of an answer",
      "  ltri cluster trial    asks it many questions while its processes are killed, frozen, cut off, restarted"
    })
final class ClusterCommand implements Runnable {

  private final Session session;

  ClusterCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    throw new CommandFailure(ExitCode.USAGE, "say what to do: cluster demo or trial");
  }

  @Command(
      description = {
        "Starts ZooKeeper, three index nodes and two inference services on this machine, on free ports",
        "and in a folder of their own; reads two documents, answers, kills the index node that serves",
        "the answer in the middle of it, and shows that it goes on. Ends all it started. About 3 minutes."
      })
  int demo() throws IOException, InterruptedException {
    try (ClusterDemo demo = new ClusterDemo(session);
        var registration = session.interrupts().onInterrupt(demo::close)) {
      demo.run();
      return ExitCode.OK;
    }
  }

  @Command(
      description = {
        "Starts a single index node, then the same cluster, asks both the same questions on and on, and",
        "fails when an answer has other tokens, when a request fails, or when a limit is exceeded, while",
        "  faults   each index node is killed, frozen, and cut off from services, ZooKeeper and both;",
        "  rolling  every process is restarted in turn;",
        "  scaling  a node is added and drained.",
        "Ends all it started. Some minutes."
      })
  int trial(
      @Option(
              names = "--parts",
              paramLabel = "PART",
              split = ",",
              defaultValue = "faults,rolling,scaling",
              description = "What is tried, with commas between. Default: all three.")
          Set<ClusterTrial.Part> parts,
      @Option(
              names = "--answers",
              paramLabel = "N",
              defaultValue = "200",
              description = "At least so many answers. Default: 200.")
          int answers,
      @Option(
              names = "--faults",
              paramLabel = "N",
              defaultValue = "0",
              description = "So many faults. Default: each kind to each node, 15.")
          int faults,
      @Option(
              names = "--askers",
              paramLabel = "N",
              defaultValue = "2",
              description = "So many questions at once. Default: 2.")
          int askers,
      @Option(
              names = "--characters",
              paramLabel = "N",
              defaultValue = "12000",
              description = "Length of each of the four texts. Default: 12000.")
          int characters,
      @Option(
              names = "--steady",
              paramLabel = "SECONDS",
              defaultValue = "20",
              description = "So long nothing is disturbed before. Default: 20.")
          int steady,
      @Option(
              names = "--added-competes",
              description = {
                "The process of the node that is added wants processors like all others. Else it"
                    + " runs only while none of them does: a machine of its own it has not here."
              })
          boolean addedCompetes,
      @Option(
              names = "--no-times",
              description = "Delays, recovery and throughput are told, and not judged.")
          boolean noTimes,
      @Option(
              names = "--model",
              paramLabel = "PATH",
              description = "GGUF file or Hugging Face folder. Default: the default model.")
          @Nullable Path model,
      @Option(
              names = "--set",
              paramLabel = "LTRI_INFERENCE_...=VALUE",
              description = "A setting of the inference services; may be repeated.")
          @Nullable Map<String, String> settings)
      throws IOException, InterruptedException {
    if (answers < 1 || askers < 1 || characters < 1 || steady < 1 || faults < 0) {
      throw new CommandFailure(
          ExitCode.USAGE, "--answers, --askers, --characters and --steady must be 1 or more");
    }
    ClusterTrial.Extent extent =
        new ClusterTrial.Extent(
            new TreeSet<>(parts),
            answers,
            faults,
            askers,
            characters,
            steady,
            !addedCompetes,
            !noTimes);
    Path used = model == null ? session.services().model() : model.toAbsolutePath();
    try (ClusterTrial trial =
            new ClusterTrial(session, used, extent, settings == null ? Map.of() : settings);
        var registration = session.interrupts().onInterrupt(trial::close)) {
      trial.run();
      return ExitCode.OK;
    }
  }
}
