package io.ltri.client.command;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Many index nodes on this machine, to look at. */
@Command(
    description = {
      "Many index nodes.",
      "",
      "  ltri cluster demo     starts a cluster on this machine, and kills a node of it in the middle of an answer",
      "  ltri cluster trial    asks it many questions while nodes are killed, frozen and renewed"
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
        "Starts the same cluster, and asks many questions while its index nodes are killed (SIGKILL), frozen",
        "(SIGSTOP) and ended in order (SIGTERM) in turn. Compares every answer with the sound cluster's,",
        "and fails when one differs. Ends all it started."
      })
  int trial(
      @Option(
              names = "--answers",
              paramLabel = "N",
              defaultValue = "200",
              description = "How many answers. Default: 200.")
          int answers,
      @Option(
              names = "--model",
              paramLabel = "PATH",
              description = "GGUF file or Hugging Face folder. Default: the default model.")
          @Nullable Path model)
      throws IOException, InterruptedException {
    if (answers < 1) {
      throw new CommandFailure(ExitCode.USAGE, "--answers must be 1 or more");
    }
    try (ClusterTrial trial = new ClusterTrial(session);
        var registration = session.interrupts().onInterrupt(trial::close)) {
      trial.run(model == null ? session.services().model() : model.toAbsolutePath(), answers);
      return ExitCode.OK;
    }
  }
}
