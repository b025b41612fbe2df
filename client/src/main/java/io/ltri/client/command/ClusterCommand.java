package io.ltri.client.command;

import java.io.IOException;
import picocli.CommandLine.Command;

/** Many index nodes on this machine, to look at. */
@Command(
    description = {
      "Many index nodes.",
      "",
      "  ltri cluster demo    starts a cluster on this machine, and kills a node of it in the middle of an answer"
    })
final class ClusterCommand implements Runnable {

  private final Session session;

  ClusterCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    throw new CommandFailure(ExitCode.USAGE, "say what to do: cluster demo");
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
}
