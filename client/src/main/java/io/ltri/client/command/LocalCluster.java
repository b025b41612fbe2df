package io.ltri.client.command;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.ltri.client.LtriClient;
import io.ltri.client.command.ClusterProcesses.Running;
import io.ltri.proto.index.v1.GetNodeRequest;
import io.ltri.proto.index.v1.Node;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** ZooKeeper, three index nodes and two inference services on this machine. */
final class LocalCluster implements AutoCloseable {

  static final int NODES = 3;
  static final int REPLICAS = 2;
  static final int SERVICES = 2;
  private static final Duration COMPLETE_WITHIN = Duration.ofMinutes(3);
  private static final Duration ANSWERS_WITHIN = Duration.ofSeconds(2);

  private final Path folder;
  private final ClusterProcesses processes;
  private final Map<String, Running> indexes = new TreeMap<>();
  private final Map<String, Running> services = new TreeMap<>();
  private final List<LtriClient> clients = new ArrayList<>();
  private final boolean linked;

  /** By node: what inference services and other nodes reach it by, and it ZooKeeper. */
  private final Map<String, NetworkLink> toNode = new HashMap<>();

  private final Map<String, NetworkLink> toZooKeeper = new HashMap<>();
  private final List<Running> lone = new ArrayList<>();
  private boolean succeeded;

  LocalCluster(Installation installation) throws IOException {
    this(installation, Map.of(), false);
  }

  /**
   * @param inferenceSettings of the inference services
   * @param linked whether index nodes are reached, and reach ZooKeeper, by links that can be cut
   */
  LocalCluster(Installation installation, Map<String, String> inferenceSettings, boolean linked)
      throws IOException {
    Files.createDirectories(installation.run());
    this.folder = Files.createTempDirectory(installation.run(), "cluster-");
    this.processes = new ClusterProcesses(installation, folder, inferenceSettings);
    this.linked = linked;
  }

  /** The text that is read. */
  static String example(Installation installation) throws IOException {
    Path launcher = installation.launcher();
    Path text =
        launcher == null
            ? null
            : launcher.resolveSibling("examples").resolve("harbour-chronicle.txt");
    if (text == null || !Files.isReadable(text)) {
      throw new CommandFailure(
          ExitCode.FAILED, "the example text is not beside the launcher: " + text);
    }
    return Files.readString(text);
  }

  /** Of data and logs. */
  Path folder() {
    return folder;
  }

  /** Comes back when every shard is served by as many nodes as there are replicas. */
  void start(Path model) throws IOException, InterruptedException {
    processes.startZooKeeper();
    Map<String, Process> started = new LinkedHashMap<>();
    for (int i = 1; i <= NODES; i++) {
      started.put("index-" + i, startIndex("index-" + i, false));
    }
    for (Map.Entry<String, Process> each : started.entrySet()) {
      add(processes.await(each.getKey(), each.getValue()));
    }
    started.clear();
    for (int i = 1; i <= SERVICES; i++) {
      started.put("inference-" + i, processes.startInference("inference-" + i, model));
    }
    for (Map.Entry<String, Process> each : started.entrySet()) {
      Running running = processes.await(each.getKey(), each.getValue());
      services.put(running.name(), running);
      clients.add(LtriClient.connect(running.ready().address()));
    }
    awaitReplicas();
  }

  private Process startIndex(String name, boolean yields) throws IOException {
    if (!linked) {
      return processes.startIndex(name, Map.of(), yields);
    }
    return processes.startIndex(
        name,
        Map.of(
            "LTRI_INDEX_ADVERTISE",
            link(toNode, name, processes.port(name)).address(),
            "LTRI_INDEX_ZOOKEEPER",
            link(toZooKeeper, name, port(processes.zooKeeper())).address()),
        yields);
  }

  private synchronized NetworkLink link(Map<String, NetworkLink> links, String name, int port)
      throws IOException {
    NetworkLink known = links.get(name);
    if (known == null) {
      known = NetworkLink.to(port);
      links.put(name, known);
    }
    return known;
  }

  private static int port(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  /** The link by which a node is reached. */
  synchronized NetworkLink toNode(String name) {
    return Objects.requireNonNull(toNode.get(name));
  }

  /** The link by which a node reaches ZooKeeper. */
  synchronized NetworkLink toZooKeeper(String name) {
    return Objects.requireNonNull(toZooKeeper.get(name));
  }

  /** host:port of all inference services, as a client takes them. */
  String services() {
    return services.values().stream()
        .map(service -> service.ready().address())
        .collect(Collectors.joining(","));
  }

  /** Ends an inference service, at once or in order, and starts it again where it was. */
  void restartService(String name, Path model, boolean inOrder)
      throws IOException, InterruptedException {
    Running running = Objects.requireNonNull(services.get(name));
    if (inOrder) {
      running.process().destroy();
      running.process().waitFor();
    } else {
      ClusterProcesses.kill(running);
    }
    services.put(name, processes.await(name, processes.startInference(name, model)));
  }

  void restartZooKeeper() throws IOException, InterruptedException {
    processes.restartZooKeeper();
  }

  /** A client of an inference service that has one index service of its own, no cluster. */
  LtriClient startLone(Path model) throws IOException, InterruptedException {
    Running index = processes.await("lone-index", processes.startLoneIndex("lone-index"));
    Running service =
        processes.await(
            "lone-inference",
            processes.startInference(
                "lone-inference", model, Map.of("LTRI_INFERENCE_INDEX", index.ready().address())));
    lone.add(service);
    lone.add(index);
    return LtriClient.connect(service.ready().address());
  }

  void stopLone() throws InterruptedException {
    for (Running each : lone) {
      ClusterProcesses.kill(each);
    }
    lone.clear();
  }

  /** Of an inference service, counted from 0. */
  LtriClient client(int service) {
    return clients.get(service);
  }

  /** The index nodes that run, by name. */
  synchronized List<Running> indexes() {
    return List.copyOf(indexes.values());
  }

  private synchronized void add(Running index) {
    indexes.put(index.name(), index);
  }

  /** As a machine that loses its power: nothing is said to anybody. */
  void kill(Running index) throws InterruptedException {
    synchronized (this) {
      indexes.remove(index.name());
    }
    ClusterProcesses.kill(index);
  }

  /** Ends a node in order: it hands its shards over first. */
  void end(Running index) throws InterruptedException {
    index.process().destroy();
    index.process().waitFor();
    synchronized (this) {
      indexes.remove(index.name());
    }
  }

  /** Starts a node of this name again, with the data that it had. */
  void startAgain(String name) throws IOException, InterruptedException {
    add(processes.await(name, startIndex(name, false)));
  }

  /**
   * Begins to start one more node.
   *
   * @param yields it runs only while no other process of this machine wants the processor
   */
  Process startOneMore(String name, boolean yields) throws IOException {
    return startIndex(name, yields);
  }

  void awaitOneMore(String name, Process process) throws InterruptedException {
    add(processes.await(name, process));
  }

  /** Null when it does not answer. */
  static @Nullable Node node(Running index) {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", port(index.ready().address()))
            .usePlaintext()
            .build();
    try {
      return SpanIndexGrpc.newBlockingStub(channel)
          .withDeadlineAfter(ANSWERS_WITHIN.toMillis(), TimeUnit.MILLISECONDS)
          .getNode(GetNodeRequest.getDefaultInstance());
    } catch (StatusRuntimeException e) {
      return null;
    } finally {
      channel.shutdownNow();
    }
  }

  /**
   * Until every shard is served by as many nodes as there are replicas, of those that run, and each
   * of these serves some.
   */
  void awaitReplicas() throws InterruptedException {
    awaitReplicas("");
  }

  /** How many shards the nodes serve, one of them left out. */
  int replicas(String without) {
    int served = 0;
    for (Running index : indexes()) {
      Node node = index.name().equals(without) ? null : node(index);
      served += node == null ? 0 : node.getShardsCount();
    }
    return served;
  }

  /**
   * As {@link #awaitReplicas()}, by the other nodes than one of which nobody hears at present.
   *
   * @param without its name
   */
  void awaitReplicas(String without) throws InterruptedException {
    long end = System.nanoTime() + COMPLETE_WITHIN.toNanos();
    while (true) {
      int served = 0;
      int wanted = -1;
      boolean allTakePart = true;
      for (Running index : indexes()) {
        if (index.name().equals(without)) {
          continue;
        }
        if (!index.process().isAlive()) {
          throw new CommandFailure(
              ExitCode.FAILED,
              "%s has ended; its log: %s".formatted(index.name(), processes.log(index.name())));
        }
        Node node = node(index);
        // One that has just been started listens some seconds before it is a node of the cluster.
        allTakePart &= node != null && node.getShardsCount() > 0;
        if (node != null) {
          served += node.getShardsCount();
          wanted = REPLICAS * node.getShardCount();
        }
      }
      if (served == wanted && allTakePart) {
        return;
      }
      if (System.nanoTime() > end) {
        throw new CommandFailure(
            ExitCode.FAILED,
            "%d of %d replicas of shards are served%s; logs: %s"
                .formatted(served, wanted, allTakePart ? "" : ", not by every node", folder));
      }
      Thread.sleep(200);
    }
  }

  /** Nobody needs data and logs any more. */
  void succeeded() {
    succeeded = true;
  }

  @Override
  public void close() {
    clients.forEach(LtriClient::close);
    clients.clear();
    processes.close();
    toNode.values().forEach(NetworkLink::close);
    toZooKeeper.values().forEach(NetworkLink::close);
    if (succeeded) {
      try (Stream<Path> left = Files.walk(folder)) {
        for (Path path : left.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
