package io.ltri.client.command;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.ltri.client.AnswerEvent;
import io.ltri.client.AnswerFigures;
import io.ltri.client.AnswerStream;
import io.ltri.client.AnswerText;
import io.ltri.client.CreatedDocument;
import io.ltri.client.LtriClient;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import io.ltri.client.Sampling;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A cluster on this machine, and the loss of a node in the middle of an answer. */
final class ClusterDemo implements AutoCloseable {

  private static final int NODES = 3;
  private static final int REPLICAS = 2;
  private static final int ANSWER_TOKENS = 40;

  /** After which the node is killed. */
  private static final int TOKENS_BEFORE = 6;

  private static final int EXCERPT_CHARACTERS = 16_000;
  private static final Duration COMPLETE_WITHIN = Duration.ofMinutes(2);
  private static final String WELL = "What is the depth of the old well in the market square?";
  private static final String FOUNDER = "What was the name of the founder of the town?";

  private final Session session;
  private final Path folder;
  private final ClusterProcesses processes;
  private final Map<String, Running> indexes = new LinkedHashMap<>();
  private final List<LtriClient> clients = new ArrayList<>();
  private boolean succeeded;

  ClusterDemo(Session session) throws IOException {
    this.session = session;
    Files.createDirectories(session.installation().run());
    this.folder = Files.createTempDirectory(session.installation().run(), "cluster-demo-");
    this.processes = new ClusterProcesses(session.installation(), folder);
  }

  private void say(String format, Object... values) {
    session.terminal().out().println(String.format(Locale.ROOT, format, values));
    session.terminal().out().flush();
  }

  void run() throws IOException, InterruptedException {
    start();
    String text = Files.readString(example());
    String well = read(0, "The last chapters", text.substring(text.length() - EXCERPT_CHARACTERS));
    String founder = read(1, "The first chapters", text.substring(0, EXCERPT_CHARACTERS));
    awaitReplicas(NODES);
    showNodes();

    say("%n3. Questions. Each inference service opens the document that the other one has read.");
    Answered before = ask(1, well, WELL, null);
    show(before);
    show(ask(0, founder, FOUNDER, null));

    say(
        "%n4. The first question again, to the other service; after %d tokens the index node that serves it is",
        TOKENS_BEFORE);
    say("   killed (SIGKILL).");
    Answered during = ask(0, well, WELL, this::killServingNode);
    show(during);
    say(
        during.tokens().equals(before.tokens()) && during.figures().lookupsMissed() == 0
            ? "   The answer is the same, token for token, and no look-up was missed."
            : "   NOT the same answer, or look-ups were missed (%s)"
                .formatted(during.figures().firstMiss()));

    say("%n5. The other nodes take over what the killed one served.");
    long start = System.nanoTime();
    awaitReplicas(NODES - 1);
    say(
        "   Every shard is served by %d nodes again after another %.1f s.",
        REPLICAS, seconds(start));
    showNodes();
    Answered after = ask(1, well, WELL, null);
    show(after);
    if (!during.tokens().equals(before.tokens())
        || !after.tokens().equals(before.tokens())
        || during.figures().lookupsMissed() > 0) {
      throw new CommandFailure(ExitCode.FAILED, "the answers differ; logs: " + folder);
    }
    succeeded = true;
    say("%nAll that was started is stopped now, and its folder removed.");
  }

  // -- steps
  // -------------------------------------------------------------------------------------------------------

  private void start() throws IOException, InterruptedException {
    Path model = session.services().model();
    say(
        "1. A cluster on this machine: ZooKeeper decides who serves what, a folder is the blob store.");
    say("   Logs and data: %s", folder);
    long start = System.nanoTime();
    processes.startZooKeeper();
    Map<String, Process> started = new LinkedHashMap<>();
    for (int i = 1; i <= NODES; i++) {
      started.put("index-" + i, processes.startIndex("index-" + i));
    }
    for (Map.Entry<String, Process> each : started.entrySet()) {
      indexes.put(each.getKey(), processes.await(each.getKey(), each.getValue()));
    }
    started.clear();
    for (int i = 1; i <= 2; i++) {
      started.put("inference-" + i, processes.startInference("inference-" + i, model));
    }
    for (Map.Entry<String, Process> each : started.entrySet()) {
      Running running = processes.await(each.getKey(), each.getValue());
      clients.add(LtriClient.connect(running.ready().address()));
    }
    awaitReplicas(NODES);
    say(
        "   %d index nodes, 2 inference services; every shard on %d nodes; ready after %.0f s.",
        NODES, REPLICAS, seconds(start));
    say("%n2. Two documents, read by one inference service each.");
  }

  private Path example() {
    Path launcher = session.installation().launcher();
    Path text =
        launcher == null
            ? null
            : launcher.resolveSibling("examples").resolve("harbour-chronicle.txt");
    if (text == null || !Files.isReadable(text)) {
      throw new CommandFailure(
          ExitCode.FAILED, "the example text is not beside the launcher: " + text);
    }
    return text;
  }

  private String read(int service, String title, String text) throws InterruptedException {
    long start = System.nanoTime();
    CreatedDocument created = clients.get(service).createDocument(NewDocument.of(title, text));
    say(
        "   inference-%d has read \"%s\": document %s, %d tokens in %.1f s.",
        service + 1, title, created.document().id(), created.document().tokens(), seconds(start));
    return created.document().id();
  }

  /** An answer as it came. */
  private record Answered(
      int service, String question, String text, List<Integer> tokens, AnswerFigures figures) {}

  private Answered ask(
      int service, String document, String question, @Nullable Runnable inTheMiddle) {
    StringBuilder text = new StringBuilder();
    List<Integer> tokens = new ArrayList<>();
    AnswerFigures figures = null;
    Runnable pending = inTheMiddle;
    Question asked =
        Question.builder()
            .documentId(document)
            .message(Message.user(question))
            .sampling(Sampling.GREEDY)
            .maxTokens(ANSWER_TOKENS)
            .build();
    try (AnswerStream answer = clients.get(service).stream(asked)) {
      while (answer.hasNext()) {
        AnswerEvent event = answer.next();
        switch (event) {
          case AnswerText part -> {
            text.append(part.text());
            tokens.addAll(part.tokenIds());
          }
          case AnswerFigures last -> figures = last;
        }
        if (pending != null && tokens.size() >= TOKENS_BEFORE) {
          say("   ... \"%s\"", text.toString().strip());
          pending.run();
          pending = null;
        }
      }
    }
    if (figures == null) {
      throw new CommandFailure(ExitCode.FAILED, "the answer ended without figures");
    }
    return new Answered(service, question, text.toString().strip(), tokens, figures);
  }

  private void show(Answered answered) {
    say("   inference-%d: %s", answered.service() + 1, answered.question());
    say("     %s", answered.text());
    say(
        "     [%d tokens, %.1f s, %d look-ups, %d missed]",
        answered.tokens().size(),
        answered.figures().elapsed().toMillis() / 1000.0,
        answered.figures().lookups(),
        answered.figures().lookupsMissed());
  }

  private void killServingNode() {
    for (Running index : List.copyOf(indexes.values())) {
      Node node = node(index);
      if (node != null && node.getLookupStreams() > 0) {
        try {
          ClusterProcesses.kill(index);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
        indexes.remove(index.name());
        say("   %s is killed.", index.name());
        return;
      }
    }
    throw new CommandFailure(ExitCode.FAILED, "no index node serves the answer");
  }

  // -- nodes
  // -------------------------------------------------------------------------------------------------------

  private static @Nullable Node node(Running index) {
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(index.ready().address()).usePlaintext().build();
    try {
      return SpanIndexGrpc.newBlockingStub(channel)
          .withDeadlineAfter(10, TimeUnit.SECONDS)
          .getNode(GetNodeRequest.getDefaultInstance());
    } catch (StatusRuntimeException e) {
      return null;
    } finally {
      channel.shutdownNow();
    }
  }

  /** Until every shard is served by so many nodes as there are replicas. */
  private void awaitReplicas(int nodes) throws InterruptedException {
    long end = System.nanoTime() + COMPLETE_WITHIN.toNanos();
    while (true) {
      int served = 0;
      int wanted = -1;
      for (Running index : indexes.values()) {
        Node node = node(index);
        if (node != null) {
          served += node.getShardsCount();
          wanted = REPLICAS * node.getShardCount();
        }
      }
      if (served == wanted && indexes.size() == nodes) {
        return;
      }
      if (System.nanoTime() > end) {
        throw new CommandFailure(
            ExitCode.FAILED,
            "only %d of %d replicas of shards are served; logs: %s"
                .formatted(served, wanted, folder));
      }
      Thread.sleep(200);
    }
  }

  private void showNodes() {
    for (Running index : indexes.values()) {
      Node node = node(index);
      if (node != null) {
        say(
            "   %s: %d shards, %d documents, %.1f MB",
            index.name(), node.getShardsCount(), node.getDocuments(), node.getSizeBytes() / 1e6);
      }
    }
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  @Override
  public void close() {
    clients.forEach(LtriClient::close);
    clients.clear();
    processes.close();
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
