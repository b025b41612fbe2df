package io.ltri.client.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The processes of a cluster on this machine: each with a folder and a log of its own, on free
 * ports. They end with this.
 */
final class ClusterProcesses implements AutoCloseable {

  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration STOP = Duration.ofSeconds(30);

  /** A process that serves. */
  record Running(String name, Process process, ReadyFile ready) {}

  private final Installation installation;
  private final Path folder;
  private final Map<String, Process> processes = new LinkedHashMap<>();
  private String zooKeeper = "";

  ClusterProcesses(Installation installation, Path folder) {
    this.installation = installation;
    this.folder = folder;
  }

  Path log(String name) {
    return folder.resolve(name + ".log");
  }

  private synchronized Process start(
      String name, List<String> command, Map<String, String> settings, boolean endsWithUs)
      throws IOException {
    // One that was killed has left its own.
    Files.deleteIfExists(ready(name));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log(name).toFile()))
            .redirectErrorStream(true);
    if (!endsWithUs) {
      builder.redirectInput(Path.of("/dev/null").toFile());
    }
    // What the user has set is meant for services of another kind.
    builder.environment().keySet().removeIf(key -> key.matches("LTRI_(INDEX|INFERENCE)_.*"));
    Services.prepare(builder.environment(), installation, settings);
    Process process = builder.start();
    processes.put(name, process);
    return process;
  }

  void startZooKeeper() throws IOException, InterruptedException {
    Path ready = folder.resolve("zookeeper.address");
    Path data = Files.createDirectories(folder.resolve("zookeeper"));
    Files.createDirectories(blobs());
    Process process =
        start("zookeeper", installation.zooKeeperCommand(data, ready), Map.of(), true);
    await("zookeeper", process, ready);
    zooKeeper = Files.readString(ready);
  }

  /** Begins to start an index node; {@link #await} waits for it. */
  Process startIndex(String name) throws IOException {
    Map<String, String> settings = new HashMap<>();
    settings.put("LTRI_INDEX_DATA", folder.resolve(name).toString());
    settings.put("LTRI_INDEX_PORT", "0");
    settings.put("LTRI_INDEX_WATCH_PORT", "-1");
    settings.put("LTRI_INDEX_NODE", name);
    settings.put("LTRI_INDEX_ZOOKEEPER", zooKeeper);
    settings.put("LTRI_INDEX_BLOBS", "folder:" + blobs());
    return start(
        name, installation.serviceCommand(ServiceKind.INDEX, ready(name)), settings, false);
  }

  Process startInference(String name, Path model) throws IOException {
    Map<String, String> settings = new HashMap<>();
    settings.put("LTRI_INFERENCE_DATA", folder.resolve(name).toString());
    settings.put("LTRI_INFERENCE_PORT", "0");
    settings.put("LTRI_INFERENCE_HTTP_PORT", "-1");
    settings.put("LTRI_INFERENCE_WATCH_PORT", "-1");
    settings.put("LTRI_INFERENCE_MODEL", model.toString());
    settings.put("LTRI_INFERENCE_ZOOKEEPER", zooKeeper);
    return start(
        name, installation.serviceCommand(ServiceKind.INFERENCE, ready(name)), settings, false);
  }

  private Path blobs() {
    return folder.resolve("blobs");
  }

  private Path ready(String name) {
    return folder.resolve(name + ".json");
  }

  Running await(String name, Process process) throws InterruptedException {
    await(name, process, ready(name));
    return new Running(name, process, ReadyFile.read(ready(name)).orElseThrow());
  }

  private void await(String name, Process process, Path file) throws InterruptedException {
    long end = System.nanoTime() + START.toNanos();
    while (!Files.exists(file)) {
      if (!process.isAlive() || System.nanoTime() > end) {
        throw new CommandFailure(
            ExitCode.UNAVAILABLE, "%s did not start; its log: %s".formatted(name, log(name)));
      }
      Thread.sleep(100);
    }
  }

  /** As a machine that loses its power: nothing is said to anybody. */
  static void kill(Running running) throws InterruptedException {
    running.process().destroyForcibly();
    running.process().waitFor();
  }

  /** The last started first; ZooKeeper, which the others say goodbye to, at the end. */
  @Override
  public synchronized void close() {
    List<String> names = new ArrayList<>(processes.keySet()).reversed();
    for (String name : names) {
      Process process = processes.get(name);
      if (process == null || name.equals("zookeeper")) {
        continue;
      }
      // A drain would wait for other nodes, which end as well.
      process.destroyForcibly();
    }
    Process last = processes.get("zookeeper");
    if (last != null) {
      last.destroy();
    }
    for (Process process : processes.values()) {
      try {
        if (!process.waitFor(STOP.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        process.destroyForcibly();
      }
    }
    processes.clear();
  }
}
