package io.ltri.client.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A process that was started from here, as kept in the file {@code run/NAME.process}. The pid alone
 * proves nothing, for pids are given again: the time of its start must fit too.
 *
 * @param pid of the process
 * @param startedAtMillis since the epoch, as the system reports it
 * @param build name of the folder that holds its jars
 * @param settings environment variables with which it was started
 */
record ServiceProcess(long pid, long startedAtMillis, String build, Map<String, String> settings) {
  /** The system derives start times from its clock, which may be set in between. */
  private static final long START_TOLERANCE_MILLIS = 3_000;

  private static final String SETTING = "setting.";

  static ServiceProcess of(ProcessHandle process, String build, Map<String, String> settings) {
    return new ServiceProcess(
        process.pid(),
        process.info().startInstant().map(java.time.Instant::toEpochMilli).orElse(0L),
        build,
        settings);
  }

  /** The live process, if it is still the one that was started. */
  Optional<ProcessHandle> handle() {
    return ProcessHandle.of(pid)
        .filter(ProcessHandle::isAlive)
        .filter(process -> !isZombie(process.pid()))
        .filter(
            process ->
                process
                    .info()
                    .startInstant()
                    .map(
                        start ->
                            Math.abs(start.toEpochMilli() - startedAtMillis)
                                <= START_TOLERANCE_MILLIS)
                    // The system does not tell: the process of another user, which this one never
                    // is.
                    .orElse(false));
  }

  /**
   * Ended, but not yet collected by its parent; in a container without an init process nobody ever
   * does.
   */
  private static boolean isZombie(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      return stat.startsWith(" Z", stat.lastIndexOf(')') + 1);
    } catch (IOException e) {
      return false;
    }
  }

  void write(Path file) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("pid", pid);
    fields.put("startedAtMillis", startedAtMillis);
    fields.put("build", build);
    settings.forEach((name, value) -> fields.put(SETTING + name, value));
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Files.writeString(part, FlatJson.write(fields) + "\n");
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Empty when there is no such file, or it is not one of these. */
  static Optional<ServiceProcess> read(Path file) {
    try {
      Map<String, String> fields = FlatJson.read(Files.readString(file));
      Map<String, String> settings = new LinkedHashMap<>();
      fields.forEach(
          (name, value) -> {
            if (name.startsWith(SETTING)) {
              settings.put(name.substring(SETTING.length()), value);
            }
          });
      return Optional.of(
          new ServiceProcess(
              Long.parseLong(fields.getOrDefault("pid", "")),
              Long.parseLong(fields.getOrDefault("startedAtMillis", "")),
              fields.getOrDefault("build", ""),
              settings));
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
