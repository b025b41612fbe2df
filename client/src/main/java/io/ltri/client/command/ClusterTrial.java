package io.ltri.client.command;

import io.ltri.client.LtriClient;
import io.ltri.client.NewDocument;
import io.ltri.client.command.ClusterProcesses.Running;
import io.ltri.proto.index.v1.Node;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A cluster on this machine under questions, while its processes are killed, frozen, cut off,
 * restarted, added and drained. Every answer is compared with that of a single index node.
 */
final class ClusterTrial implements AutoCloseable {

  private static final int TEXTS = 4;
  private static final long SETTLE_MILLIS = 1_000;

  /** Longer than it takes ZooKeeper to give a session up. */
  private static final long SESSION_MILLIS = 6_000;

  /** A step of an answer waits so long for the index at most. */
  private static final double DEADLINE_SECONDS = 5;

  /** Of the acceptance: replicas of small documents. */
  private static final double COMPLETE_SECONDS = 10;

  private static final int STRETCH_SECONDS = 5;
  private static final double LEAST_RATIO = 0.5;
  private static final String ADDED = "index-9";

  /** What is tried. */
  enum Part {
    FAULTS,
    ROLLING,
    SCALING
  }

  /** What befalls an index node. */
  private enum Fault {
    KILL("is killed (SIGKILL)"),
    FREEZE("is frozen (SIGSTOP)"),
    CUT("is cut off from inference services and other nodes"),
    CUT_ZOOKEEPER("is cut off from ZooKeeper"),
    CUT_ALL("is cut off from all");

    private final String text;

    Fault(String text) {
      this.text = text;
    }
  }

  /**
   * How much is tried.
   *
   * @param answers at least so many, over all parts
   * @param faults of index nodes; 0: each one to each node
   * @param askers threads that ask
   * @param characters of each text
   * @param steadySeconds of undisturbed questions, with which others are compared
   * @param addedYields the process of the node that is added runs only while no other wants the
   *     processor
   * @param judgesTimes whether delays and throughput count
   */
  record Extent(
      Set<Part> parts,
      int answers,
      int faults,
      int askers,
      int characters,
      int steadySeconds,
      boolean addedYields,
      boolean judgesTimes) {}

  private final Session session;
  private final LocalCluster cluster;
  private final Path model;
  private final Extent extent;
  private final List<String> violations = new ArrayList<>();
  private @Nullable ClusterLoad load;

  ClusterTrial(Session session, Path model, Extent extent, Map<String, String> settings)
      throws IOException {
    this.session = session;
    this.model = model;
    this.extent = extent;
    this.cluster = new LocalCluster(session.installation(), settings, true);
  }

  private synchronized void say(String format, Object... values) {
    session.terminal().out().println(String.format(Locale.ROOT, format, values));
    session.terminal().out().flush();
  }

  private void require(boolean holds, String format, Object... values) {
    if (!holds) {
      String violation = String.format(Locale.ROOT, format, values);
      violations.add(violation);
      say("   VIOLATION: %s", violation);
    }
  }

  void run() throws IOException, InterruptedException {
    say("Logs and data: %s", cluster.folder());
    List<String> texts = texts();
    List<List<Integer>> expected = single(texts);
    cluster.start(model);
    try (LtriClient client =
        LtriClient.builder().address(cluster.services()).patience(Duration.ofSeconds(60)).build()) {
      ClusterLoad asked =
          new ClusterLoad(client, read(client, texts), expected, problem -> say("   %s", problem));
      load = asked;
      cluster.awaitReplicas();
      try {
        asked.start(extent.askers());
        Thread.sleep(1000L * extent.steadySeconds());
        while (!asked.knowsUndisturbed()) {
          Thread.sleep(100);
        }
        for (Part part : extent.parts()) {
          switch (part) {
            case FAULTS -> faults(asked);
            case ROLLING -> rolling(asked);
            case SCALING -> scaling(asked);
          }
        }
        while (asked.answers() < extent.answers()) {
          Thread.sleep(100);
        }
        asked.stop();
      } finally {
        asked.abandon();
      }
      say("All in all: %s.", asked.summary());
      require(asked.wrong() == 0, "%d answers or lists were wrong", asked.wrong());
      require(asked.failed() == 0, "%d requests failed", asked.failed());
    }
    if (!violations.isEmpty()) {
      throw new CommandFailure(
          ExitCode.FAILED,
          "%s; logs: %s".formatted(String.join("; ", violations), cluster.folder()));
    }
    cluster.succeeded();
  }

  private List<String> texts() throws IOException {
    String text = LocalCluster.example(session.installation());
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < TEXTS; i++) {
      texts.add(text.substring(i * extent.characters(), (i + 1) * extent.characters()));
    }
    return texts;
  }

  private static List<String> read(LtriClient client, List<String> texts)
      throws InterruptedException {
    List<String> documents = new ArrayList<>();
    for (String text : texts) {
      String title = "Part " + (documents.size() + 1);
      documents.add(client.createDocument(NewDocument.of(title, text)).document().id());
    }
    return documents;
  }

  /** What everything is compared with. */
  private List<List<Integer>> single(List<String> texts) throws IOException, InterruptedException {
    try (LtriClient client = cluster.startLone(model)) {
      List<List<Integer>> tokens = ClusterLoad.single(client, read(client, texts));
      say(
          "A single index node has answered %d questions about %d texts of %d characters: what follows must be the same.",
          tokens.size(), texts.size(), extent.characters());
      return tokens;
    } finally {
      cluster.stopLone();
    }
  }

  // -- the parts
  // ---------------------------------------------------------------------------------------------------

  private void faults(ClusterLoad asked) throws IOException, InterruptedException {
    say("%nFaults of each index node in turn, every shard on %d of them:", LocalCluster.REPLICAS);
    int nodes = cluster.indexes().size();
    int all = extent.faults() == 0 ? nodes * Fault.values().length : extent.faults();
    double slowestRecovery = 0;
    asked.disturb();
    for (int i = 0; i < all; i++) {
      Running node = cluster.indexes().get(i % nodes);
      slowestRecovery =
          Math.max(slowestRecovery, fault(node, Fault.values()[i % Fault.values().length]));
    }
    say(
        "   %d faults; replicas complete again after %.1f s at most; an answer took up to %.1f s longer than undisturbed.",
        all, slowestRecovery, asked.longestDelaySeconds());
    if (extent.judgesTimes()) {
      require(
          slowestRecovery <= COMPLETE_SECONDS,
          "replicas were complete after %.1f s only",
          slowestRecovery);
      require(
          asked.longestDelaySeconds() <= DEADLINE_SECONDS,
          "an answer was delayed by %.1f s",
          asked.longestDelaySeconds());
    }
  }

  /**
   * All are there again when this returns.
   *
   * @return seconds until the others served every shard as often as wanted
   */
  private double fault(Running node, Fault fault) throws IOException, InterruptedException {
    int before = asked().answers();
    String name = node.name();
    long start = System.nanoTime();
    switch (fault) {
      case KILL -> cluster.kill(node);
      case FREEZE -> signal(node, "-STOP");
      case CUT -> cluster.toNode(name).cut();
      case CUT_ZOOKEEPER -> cluster.toZooKeeper(name).cut();
      case CUT_ALL -> {
        cluster.toNode(name).cut();
        cluster.toZooKeeper(name).cut();
      }
    }
    double recovery = 0;
    try {
      if (fault == Fault.CUT) {
        // ZooKeeper hears of the node, so nobody takes over: the replicas are where they were.
        Thread.sleep(2 * SETTLE_MILLIS);
      } else {
        cluster.awaitReplicas(name);
        recovery = seconds(start);
      }
      Thread.sleep(SETTLE_MILLIS);
    } finally {
      switch (fault) {
        case KILL -> cluster.startAgain(name);
        case FREEZE -> signal(node, "-CONT");
        case CUT, CUT_ZOOKEEPER, CUT_ALL -> {
          cluster.toNode(name).mend();
          cluster.toZooKeeper(name).mend();
        }
      }
    }
    long back = System.nanoTime();
    cluster.awaitReplicas();
    say(
        "   %s %s: replicas complete after %.1f s; %.1f s later it is back, and they are after %.1f s; %d answers meanwhile",
        name,
        fault.text,
        recovery,
        (back - start) / 1e9 - recovery,
        seconds(back),
        asked().answers() - before);
    Thread.sleep(SETTLE_MILLIS);
    return recovery;
  }

  private void rolling(ClusterLoad asked) throws IOException, InterruptedException {
    say("%nEvery process is restarted in turn (SIGTERM), one inference service also killed:");
    long requests = asked.requests();
    int failed = asked.failed();
    int retried = asked.retried();
    for (Running node : cluster.indexes()) {
      long start = System.nanoTime();
      cluster.end(node);
      cluster.startAgain(node.name());
      cluster.awaitReplicas();
      restarted(start, node.name());
    }
    for (int i = 1; i <= LocalCluster.SERVICES; i++) {
      restartService("inference-" + i, true);
    }
    restartService("inference-1", false);
    long start = System.nanoTime();
    cluster.restartZooKeeper();
    Thread.sleep(SESSION_MILLIS);
    cluster.awaitReplicas();
    restarted(start, "zookeeper");
    say(
        "   %d requests meanwhile, %d failed; %d answers were gone on with by another inference service.",
        asked.requests() - requests, asked.failed() - failed, asked.retried() - retried);
  }

  private void restartService(String name, boolean inOrder)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    cluster.restartService(name, model, inOrder);
    restarted(start, inOrder ? name : name + " (SIGKILL)");
    Thread.sleep(SETTLE_MILLIS);
  }

  private void restarted(long start, String name) {
    say("   %s restarted, %.1f s; %s", name, seconds(start), asked().summary());
  }

  /**
   * Waits until a stretch that begins at this time is over.
   *
   * @return the time by then
   */
  private static long awaitStretch(long start) throws InterruptedException {
    long left = start + STRETCH_SECONDS * 1_000_000_000L - System.nanoTime();
    if (left > 0) {
      Thread.sleep(Duration.ofNanos(left));
    }
    return System.nanoTime();
  }

  private void scaling(ClusterLoad asked) throws IOException, InterruptedException {
    say("%nA node is added, then drained:");
    int settled = Math.max(extent.steadySeconds(), STRETCH_SECONDS);
    long steady = System.nanoTime();
    Thread.sleep(1000L * settled);
    double rate = asked.rate(steady, System.nanoTime());
    double slowest = asked.slowestRate(steady, System.nanoTime(), STRETCH_SECONDS);
    say(
        "   undisturbed: %.1f tokens/s, %.2f of that in the slowest %d s",
        rate, slowest / rate, STRETCH_SECONDS);

    int before = cluster.replicas("");
    long start = System.nanoTime();
    Process process = cluster.startOneMore(ADDED, extent.addedYields());
    cluster.awaitOneMore(ADDED, process);
    long moves = System.nanoTime();
    double starting = asked.slowestRate(start, awaitStretch(start), STRETCH_SECONDS) / rate;
    cluster.awaitReplicas();
    Thread.sleep(SETTLE_MILLIS);
    double took = seconds(moves);
    double moving = asked.slowestRate(moves, awaitStretch(moves), STRETCH_SECONDS) / rate;
    int taken = shards(ADDED);
    say(
        "   %s has taken %d of %d replicas of shards, %.1f s after it was there; throughput %.2f of undisturbed while its process started on this machine, %.2f while weight moved",
        ADDED, taken, before, took, starting, moving);
    require(taken > 0, "the node that was added serves nothing");

    start = System.nanoTime();
    Running added =
        cluster.indexes().stream()
            .filter(each -> each.name().equals(ADDED))
            .findFirst()
            .orElseThrow();
    cluster.end(added);
    double drained = seconds(start);
    int left = cluster.replicas("");
    double draining = asked.slowestRate(start, awaitStretch(start), STRETCH_SECONDS) / rate;
    say(
        "   drained in %.1f s; when its process had ended, the others served %d of %d replicas; throughput %.2f",
        drained, left, before, draining);
    require(
        left == before,
        "when the drained node had ended, the others served %d of %d replicas",
        left,
        before);
    if (extent.judgesTimes()) {
      require(
          Math.min(moving, draining) >= LEAST_RATIO,
          "throughput fell to %.2f while weight moved",
          Math.min(moving, draining));
    }
  }

  private int shards(String name) {
    for (Running index : cluster.indexes()) {
      if (index.name().equals(name)) {
        Node node = LocalCluster.node(index);
        return node == null ? 0 : node.getShardsCount();
      }
    }
    return 0;
  }

  private ClusterLoad asked() {
    ClusterLoad asked = load;
    if (asked == null) {
      throw new IllegalStateException("nobody asks");
    }
    return asked;
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private static void signal(Running node, String signal) throws IOException, InterruptedException {
    int status =
        new ProcessBuilder("kill", signal, Long.toString(node.process().pid())).start().waitFor();
    if (status != 0) {
      throw new IOException("kill " + signal + " of " + node.name() + " gave " + status);
    }
  }

  @Override
  public void close() {
    ClusterLoad asked = load;
    if (asked != null) {
      asked.abandon();
    }
    cluster.close();
  }
}
