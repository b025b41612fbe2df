package io.ltri.client.command;

import io.ltri.client.command.ServiceState.Stopped;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Both services in the foreground. */
@Command(
    description = {
      "Starts both services and shows their logs until Ctrl-C, which stops both.",
      "",
      "The logs also go to the folder logs of the data folder."
    })
final class ServeCommand implements Callable<Integer> {
  private static final int POLL_MILLIS = 200;

  private final Session session;

  @Mixin ServiceOptions service = new ServiceOptions();

  ServeCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    Services services = session.services();
    for (ServiceKind kind : ServiceKind.values()) {
      if (!(services.state(kind) instanceof Stopped)) {
        throw new CommandFailure(
            ExitCode.FAILED,
            kind.serviceName + " is running already ('ltri status'): 'ltri stop' ends it");
      }
    }
    ServiceSettings settings = service.settings(session.installation().environment());
    try (var registration = session.interrupts().onInterrupt(services::abandon)) {
      String address = services.ensureServing(settings);
      session.terminal().err().println("serving at " + address + "; Ctrl-C stops");
      List<Tail> tails =
          settings.areInOneProcess()
              ? List.of(new Tail("", services.log(ServiceKind.INFERENCE)))
              : List.of(
                  new Tail("index      | ", services.log(ServiceKind.INDEX)),
                  new Tail("inference  | ", services.log(ServiceKind.INFERENCE)));
      while (!services.abandoned()) {
        for (Tail tail : tails) {
          tail.print();
        }
        for (ServiceKind kind : ServiceKind.values()) {
          boolean ours =
              kind == ServiceKind.INFERENCE
                  || !settings.values().containsKey(ServiceSettings.INDEX);
          if (ours && !services.abandoned() && services.state(kind) instanceof Stopped) {
            for (Tail tail : tails) {
              tail.print();
            }
            services.stop();
            throw new CommandFailure(
                ExitCode.UNAVAILABLE, "the " + kind.serviceName + " has ended; both are stopped");
          }
        }
        Services.pause(POLL_MILLIS);
      }
      return ExitCode.CANCELLED;
    }
  }

  /** Prints what is added to a log, whole lines only. */
  private final class Tail {
    private final String prefix;
    private final Path log;
    private long position;

    Tail(String prefix, Services.Log log) {
      this.prefix = prefix;
      this.log = log.file();
      this.position = log.start();
    }

    void print() throws IOException {
      if (!java.nio.file.Files.exists(log)) {
        return;
      }
      try (FileChannel file = FileChannel.open(log)) {
        while (position < file.size()) {
          ByteBuffer piece = ByteBuffer.allocate((int) Math.min(1 << 16, file.size() - position));
          int count = file.read(piece, position);
          int whole = count;
          while (whole > 0 && piece.array()[whole - 1] != '\n') {
            whole--;
          }
          if (whole == 0) {
            if (count < 1 << 16) {
              return;
            }
            whole = count;
          }
          String text = new String(piece.array(), 0, whole, StandardCharsets.UTF_8);
          text.lines().forEach(line -> session.terminal().out().println(prefix + line));
          session.terminal().out().flush();
          position += whole;
        }
      }
    }
  }
}
