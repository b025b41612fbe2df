package io.ltri.client.command;

import io.ltri.client.AnswerEvent;
import io.ltri.client.AnswerFigures;
import io.ltri.client.AnswerStream;
import io.ltri.client.AnswerText;
import io.ltri.client.CreatedDocument;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import io.ltri.client.Sampling;
import io.ltri.client.command.ClusterProcesses.Running;
import io.ltri.proto.index.v1.Node;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A cluster on this machine, and the loss of a node in the middle of an answer. */
final class ClusterDemo implements AutoCloseable {

  private static final int ANSWER_TOKENS = 40;

  /** After which the node is killed. */
  private static final int TOKENS_BEFORE = 6;

  private static final int EXCERPT_CHARACTERS = 16_000;
  private static final String WELL = "What is the depth of the old well in the market square?";
  private static final String FOUNDER = "What was the name of the founder of the town?";

  private final Session session;
  private final LocalCluster cluster;

  ClusterDemo(Session session) throws IOException {
    this.session = session;
    this.cluster = new LocalCluster(session.installation());
  }

  private void say(String format, Object... values) {
    session.terminal().out().println(String.format(Locale.ROOT, format, values));
    session.terminal().out().flush();
  }

  void run() throws IOException, InterruptedException {
    start();
    String text = LocalCluster.example(session.installation());
    String well = read(0, "The last chapters", text.substring(text.length() - EXCERPT_CHARACTERS));
    String founder = read(1, "The first chapters", text.substring(0, EXCERPT_CHARACTERS));
    cluster.awaitReplicas();
    showNodes();

    say("%n3. Questions. Each inference service opens the document that the other one has read.");
    say(
        "   In brackets: how often index nodes were asked for passages, and how often no answer came in time.");
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

    say(
        "%n5. The other nodes take over what the killed one served, with copies from the blob store.");
    long start = System.nanoTime();
    cluster.awaitReplicas();
    say(
        "   Every shard is served by %d nodes again after another %.1f s.",
        LocalCluster.REPLICAS, seconds(start));
    showNodes();
    Answered after = ask(1, well, WELL, null);
    show(after);
    if (!during.tokens().equals(before.tokens())
        || !after.tokens().equals(before.tokens())
        || during.figures().lookupsMissed() > 0) {
      throw new CommandFailure(ExitCode.FAILED, "the answers differ; logs: " + cluster.folder());
    }
    cluster.succeeded();
    say("%nAll that was started is stopped now, and its folder removed.");
  }

  // -- steps
  // -------------------------------------------------------------------------------------------------------

  private void start() throws IOException, InterruptedException {
    Path model = session.services().model();
    say(
        "1. A cluster on this machine: index nodes keep what was read, inference services run the model and");
    say(
        "   ask index nodes for passages, ZooKeeper holds who serves what, and a folder that all nodes see");
    say(
        "   (the blob store) has a copy of every document. Documents fall into shards by their names.");
    say("   Logs and data: %s", cluster.folder());
    say("   Starting six processes; on a small machine that takes a minute ...");
    long start = System.nanoTime();
    cluster.start(model);
    say(
        "   %d index nodes, 2 inference services; every shard on %d nodes, so one of them can be lost; ready after %.0f s.",
        LocalCluster.NODES, LocalCluster.REPLICAS, seconds(start));
    say("%n2. Two documents, read by one inference service each: half a minute to a minute.");
  }

  private String read(int service, String title, String text) throws InterruptedException {
    long start = System.nanoTime();
    CreatedDocument created = cluster.client(service).createDocument(NewDocument.of(title, text));
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
    try (AnswerStream answer = cluster.client(service).stream(asked)) {
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
    for (Running index : cluster.indexes()) {
      Node node = LocalCluster.node(index);
      if (node != null && node.getLookupStreams() > 0) {
        try {
          cluster.kill(index);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
        say("   %s is killed.", index.name());
        return;
      }
    }
    throw new CommandFailure(ExitCode.FAILED, "no index node serves the answer");
  }

  private void showNodes() {
    for (Running index : cluster.indexes()) {
      Node node = LocalCluster.node(index);
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
    cluster.close();
  }
}
