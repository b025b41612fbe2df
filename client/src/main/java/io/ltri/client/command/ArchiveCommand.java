package io.ltri.client.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine.Command;

/**
 * Prepares a new build: lets each service load its classes once and keeps them as an archive that
 * its JVM maps at every later start, which then takes about half the time. Everything works without
 * the archives.
 */
@Command(
    hidden = true,
    description = "Prepares a new build for quick starts; called by the launcher.")
final class ArchiveCommand implements Runnable {
  private static final int TIMEOUT_SECONDS = 120;

  private final Session session;

  ArchiveCommand(Session session) {
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
      Path home = Files.createTempDirectory(build, "archive");
      try (var registration = session.interrupts().onInterrupt(() -> delete(home))) {
        Map<ServiceKind, Process> processes = new EnumMap<>(ServiceKind.class);
        for (ServiceKind kind : ServiceKind.values()) {
          processes.put(kind, start(installation, kind, home));
        }
        for (Map.Entry<ServiceKind, Process> entry : processes.entrySet()) {
          ServiceKind kind = entry.getKey();
          keep(entry.getValue(), part(home, kind), installation.archive(build, kind));
        }
      } finally {
        delete(home);
      }
    } catch (IOException e) {
      throw new CommandFailure(ExitCode.FAILED, "the build cannot be prepared: " + e.getMessage());
    }
  }

  private static Path part(Path home, ServiceKind kind) {
    return home.resolve(kind.folder + ".jsa");
  }

  private static Process start(Installation installation, ServiceKind kind, Path home)
      throws IOException {
    List<String> command =
        new ArrayList<>(installation.serviceCommand(kind, home.resolve(kind.folder + ".json")));
    // The framework ends the process when everything is set up and nothing has been started yet.
    command.addAll(
        1,
        List.of("-XX:ArchiveClassesAtExit=" + part(home, kind), "-Dspring.context.exit=onRefresh"));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(home.toFile())
            .redirectErrorStream(true)
            .redirectOutput(home.resolve(kind.folder + ".log").toFile());
    Map<String, String> environment = builder.environment();
    environment.put("LTRI_HOME", home.toString());
    environment.put(kind.portSetting(), "0");
    environment.remove(kind.javaOptionsSetting());
    if (kind == ServiceKind.INFERENCE && Files.exists(installation.defaultModel())) {
      environment.putIfAbsent(ServiceSettings.MODEL, installation.defaultModel().toString());
    }
    return builder.start();
  }

  private static void keep(Process process, Path part, Path archive) throws IOException {
    try {
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        return;
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      throw Services.interrupted();
    }
    // Also of a service that could not be set up, for want of a model: most of its classes are the
    // framework's.
    if (Files.exists(part)) {
      Files.move(part, archive, StandardCopyOption.ATOMIC_MOVE);
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
