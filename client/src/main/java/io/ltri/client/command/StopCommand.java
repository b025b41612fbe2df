package io.ltri.client.command;

import picocli.CommandLine.Command;

/** Ends the services. */
@Command(description = "Stops both services. Documents stay.")
final class StopCommand implements Runnable {
  private final Session session;

  StopCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    if (session.services().stop() == 0) {
      session.terminal().err().println("no service was running");
    }
  }
}
