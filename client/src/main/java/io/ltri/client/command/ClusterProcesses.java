package io.ltri.client.command;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The processes of a cluster on this machine: each with a folder and a log of its own, on free
 * ports. They end with this.
 */
final class ClusterProcesses implements AutoCloseable {

  /**
   * Becomes the command that it is given, under the same id. A process of the idle class is put off
   * at once when another wakes up; one that is merely nice (where there are no such classes) has
   * its turn first, some milliseconds, and thirty look-ups a token wait for that each.
   */
  private static final String YIELDING =
      "if command -v chrt > /dev/null; then exec chrt --idle 0 \"$@\"; fi; exec nice -n 19 \"$@\"";

  private static final String ZOOKEEPER = "zookeeper";
  private static final Duration START = Duration.ofMinutes(5);
  private static final Duration STOP = Duration.ofSeconds(30);

  /** A process that serves. */
  record Running(String name, Process process, ReadyFile ready) {}

  private final Installation installation;
  private final Path folder;
  private final Map<String, Process> processes = new LinkedHashMap<>();
  private final Map<String, Integer> ports = new ConcurrentHashMap<>();
  private final Map<String, String> inferenceSettings;
  private String zooKeeper = "";

  /**
   * @param inferenceSettings of the inference services, beside those that make them a cluster
   */
  ClusterProcesses(Installation installation, Path folder, Map<String, String> inferenceSettings) {
    this.installation = installation;
    this.folder = folder;
    this.inferenceSettings = Map.copyOf(inferenceSettings);
  }

  /** Where the process of this name listens, now and when it is started again. */
  int port(String name) throws IOException {
    Integer known = ports.get(name);
    if (known == null) {
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        known = free.getLocalPort();
      }
      ports.put(name, known);
    }
    return known;
  }

  /** host:port of ZooKeeper. */
  String zooKeeper() {
    return zooKeeper;
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
    int port = port(ZOOKEEPER);
    Path ready = folder.resolve("zookeeper.address");
    Path data = Files.createDirectories(folder.resolve("zookeeper"));
    Files.createDirectories(blobs());
    Files.deleteIfExists(ready);
    Process process =
        start(ZOOKEEPER, installation.zooKeeperCommand(data, ready, port), Map.of(), true);
    await(ZOOKEEPER, process, ready);
    zooKeeper = Files.readString(ready);
  }

  /** Ends ZooKeeper, and starts it again where it was, with what it knew. */
  void restartZooKeeper() throws IOException, InterruptedException {
    Process process;
    synchronized (this) {
      process = processes.get(ZOOKEEPER);
    }
    if (process != null) {
      process.destroy();
      process.waitFor();
    }
    startZooKeeper();
  }

  /**
   * Begins to start an index node; {@link #await} waits for it.
   *
   * @param others settings beside those that make it a node
   * @param yields it runs only while no other process of this machine wants the processor
   */
  Process startIndex(String name, Map<String, String> others, boolean yields) throws IOException {
    Map<String, String> settings = new HashMap<>();
    settings.put("LTRI_INDEX_DATA", folder.resolve(name).toString());
    settings.put("LTRI_INDEX_PORT", Integer.toString(port(name)));
    settings.put("LTRI_INDEX_WATCH_PORT", "-1");
    settings.put("LTRI_INDEX_NODE", name);
    settings.put("LTRI_INDEX_ZOOKEEPER", zooKeeper);
    settings.put("LTRI_INDEX_BLOBS", "folder:" + blobs());
    settings.putAll(others);
    List<String> command = new ArrayList<>();
    if (yields) {
      command.addAll(List.of("sh", "-c", YIELDING, "sh"));
    }
    command.addAll(installation.serviceCommand(ServiceKind.INDEX, ready(name)));
    return start(name, command, settings, false);
  }

  /** An index service that is no node of a cluster. */
  Process startLoneIndex(String name) throws IOException {
    Map<String, String> settings = new HashMap<>();
    settings.put("LTRI_INDEX_DATA", folder.resolve(name).toString());
    settings.put("LTRI_INDEX_PORT", "0");
    settings.put("LTRI_INDEX_WATCH_PORT", "-1");
    return start(
        name, installation.serviceCommand(ServiceKind.INDEX, ready(name)), settings, false);
  }

  Process startInference(String name, Path model) throws IOException {
    return startInference(name, model, Map.of("LTRI_INFERENCE_ZOOKEEPER", zooKeeper));
  }

  /**
   * @param index settings that say where the index is
   */
  Process startInference(String name, Path model, Map<String, String> index) throws IOException {
    Map<String, String> settings = new HashMap<>(inferenceSettings);
    settings.put("LTRI_INFERENCE_DATA", folder.resolve(name).toString());
    settings.put("LTRI_INFERENCE_PORT", Integer.toString(port(name)));
    settings.put("LTRI_INFERENCE_HTTP_PORT", "-1");
    settings.put("LTRI_INFERENCE_WATCH_PORT", "-1");
    settings.put("LTRI_INFERENCE_MODEL", model.toString());
    settings.putAll(index);
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
      if (process == null || name.equals(ZOOKEEPER)) {
        continue;
      }
      // A drain would wait for other nodes, which end as well.
      process.destroyForcibly();
    }
    Process last = processes.get(ZOOKEEPER);
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
