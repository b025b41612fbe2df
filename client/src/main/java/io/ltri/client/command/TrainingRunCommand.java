package io.ltri.client.command;

import io.ltri.client.LtriClient;
import io.ltri.client.LtriException;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine.Command;

/**
 * Prepares a new build: runs both services once, in a data folder of their own, and lets them read
 * a short text and answer about it. Each JVM keeps what it learnt (classes loaded and linked, which
 * methods are hot and with which types) in an AOT cache (JEP 483, 514, 515), which every later
 * start maps. Everything works without the caches, slower in its first seconds.
 *
 * <p>The launcher lets this command's own JVM write a cache too, for it does what other commands
 * do.
 */
@Command(
    hidden = true,
    description = "Prepares a new build for quick starts; called by the launcher.")
final class TrainingRunCommand implements Runnable {
  /** Enough for spans to leave the window and for hot methods to be seen as such. */
  private static final int SENTENCES = 150;

  private static final int QUESTIONS = 2;
  private static final int TIMEOUT_SECONDS = 120;

  private final Session session;

  TrainingRunCommand(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    Installation installation = session.installation();
    Path build = installation.build();
    if (build == null) {
      throw new CommandFailure(ExitCode.USAGE, "there is no build to prepare: use ./ltri");
    }
    try {
      Path home = Files.createTempDirectory(build, "training");
      try {
        try {
          train(new Installation(home, build, null, environment(installation)), installation);
        } catch (CommandFailure | LtriException e) {
          // The start itself has taught something too: most classes are the framework's.
          session.terminal().err().println("the training run ended early: " + e.getMessage());
        }
        for (ServiceKind kind : ServiceKind.values()) {
          if (Files.exists(part(home, kind))) {
            Files.move(
                part(home, kind), installation.aotCache(kind), StandardCopyOption.ATOMIC_MOVE);
          }
        }
      } finally {
        delete(home);
      }
    } catch (IOException e) {
      throw new CommandFailure(ExitCode.FAILED, "the build cannot be prepared: " + e.getMessage());
    }
  }

  private void train(Installation training, Installation real) throws IOException {
    // Unpacking the native libraries a second time would take longer than all the rest.
    Files.createSymbolicLink(
        training.home().resolve("natives"),
        Files.createDirectories(real.home().resolve("natives")));
    Map<ServiceKind, ProcessHandle> processes = new EnumMap<>(ServiceKind.class);
    Services services =
        new Services(
            training, session.terminal(), (kind, readyFile) -> command(training, kind, readyFile));
    try (var registration = session.interrupts().onInterrupt(services::abandon)) {
      try (LtriClient client =
          session.connector().apply(services.ensureServing(settings(training, real)))) {
        read(client);
      }
      for (ServiceKind kind : ServiceKind.values()) {
        if (services.state(kind) instanceof ServiceState.Serving serving) {
          processes.put(kind, serving.handle());
        }
      }
      end(processes);
    } finally {
      services.stop();
    }
  }

  private static Map<String, String> environment(Installation real) {
    Map<String, String> environment = new HashMap<>(real.environment());
    for (ServiceKind kind : ServiceKind.values()) {
      environment.remove(kind.javaOptionsSetting());
    }
    return environment;
  }

  private static ServiceSettings settings(Installation training, Installation real) {
    Map<String, String> values = new HashMap<>();
    // A data folder that the user has named is not for this run.
    for (ServiceKind kind : ServiceKind.values()) {
      values.put(kind.settingsPrefix + "DATA", training.home().toString());
    }
    values.put(ServiceKind.INDEX.portSetting(), "0");
    values.put(ServiceKind.INFERENCE.portSetting(), "0");
    values.put(ServiceSettings.HTTP_PORT, "0");
    String model = real.environment().getOrDefault(ServiceSettings.MODEL, "");
    values.put(ServiceSettings.MODEL, model.isEmpty() ? real.defaultModel().toString() : model);
    return new ServiceSettings(values);
  }

  private static List<String> command(Installation training, ServiceKind kind, Path readyFile) {
    List<String> command = new ArrayList<>(training.serviceCommand(kind, readyFile));
    command.add(1, "-XX:AOTCacheOutput=" + part(training.home(), kind));
    return command;
  }

  private static Path part(Path home, ServiceKind kind) {
    return home.resolve(kind.folder + ".aot");
  }

  private static void read(LtriClient client) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < SENTENCES; i++) {
      text.append("In the year ").append(1200 + i * 37 % 700);
      text.append(", the keeper of lighthouse ").append(i);
      text.append(" counted ").append(i * 7919 % 1000).append(" ships before the storm came.\n");
    }
    try {
      byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
      String document = "";
      for (int i = 0; i < QUESTIONS; i++) {
        // The second time it is found, as it will be at most starts.
        document =
            client
                .createDocument(NewDocument.of("training", new java.io.ByteArrayInputStream(bytes)))
                .document()
                .id();
        client.generate(Question.about(document, "How many ships did keeper 17 count?"));
      }
      client.documents();
    } catch (InterruptedException e) {
      throw Services.interrupted();
    }
  }

  /** Both at once: each writes its cache while it ends, which takes some seconds. */
  private static void end(Map<ServiceKind, ProcessHandle> processes) {
    processes.values().forEach(ProcessHandle::destroy);
    for (ProcessHandle process : processes.values()) {
      try {
        process.onExit().get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        throw Services.interrupted();
      } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
        process.destroyForcibly();
      }
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> entries = Files.walk(folder)) {
      for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(entry);
      }
    } catch (IOException e) {
      // It goes with the build.
    }
  }
}
