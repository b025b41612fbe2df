package io.ltri.client.command;

import io.ltri.client.Answer;
import io.ltri.client.LtriException;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import io.ltri.client.Sampling;
import io.ltri.client.command.ClusterProcesses.Running;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A cluster on this machine under questions, while its index nodes are killed, frozen and started
 * anew in turn. Every answer is compared with the one that the sound cluster gave.
 */
final class ClusterTrial implements AutoCloseable {

  private static final int TEXTS = 4;
  private static final int TEXT_CHARACTERS = 12_000;
  private static final int ANSWER_TOKENS = 24;
  private static final int ASKERS = 2;
  private static final long BETWEEN_MILLIS = 4_000;
  private static final long FROZEN_MILLIS = 8_000;
  private static final List<String> QUESTIONS =
      List.of(
          "What is this part of the chronicle about?",
          "Who is named in it?",
          "What happened last?");

  private final Session session;
  private final LocalCluster cluster;
  private final ConcurrentMap<Integer, List<Integer>> sound = new ConcurrentHashMap<>();
  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicInteger wrong = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();
  private final AtomicLong missed = new AtomicLong();
  private final AtomicLong slowest = new AtomicLong();
  private volatile boolean over;

  ClusterTrial(Session session) throws IOException {
    this.session = session;
    this.cluster = new LocalCluster(session.installation());
  }

  private void say(String format, Object... values) {
    session.terminal().out().println(String.format(Locale.ROOT, format, values));
    session.terminal().out().flush();
  }

  void run(Path model, int wanted) throws IOException, InterruptedException {
    say("data and logs: %s", cluster.folder());
    cluster.start(model);
    String text = LocalCluster.example(session.installation());
    List<String> documents = new ArrayList<>();
    for (int i = 0; i < TEXTS; i++) {
      String part = text.substring(i * TEXT_CHARACTERS, (i + 1) * TEXT_CHARACTERS);
      documents.add(
          cluster.client(i % 2).createDocument(NewDocument.of("Part " + i, part)).document().id());
    }
    int kinds = TEXTS * QUESTIONS.size();
    long soundSlowest = 0;
    for (int kind = 0; kind < kinds; kind++) {
      long start = System.nanoTime();
      sound.put(kind, ask(kind % 2, documents, kind).tokenIds());
      soundSlowest = Math.max(soundSlowest, System.nanoTime() - start);
    }
    say(
        "%d documents, %d questions; the sound cluster's slowest answer took %.1f s",
        TEXTS, kinds, soundSlowest / 1e9);
    List<Thread> askers = new ArrayList<>();
    AtomicInteger next = new AtomicInteger();
    for (int asker = 0; asker < ASKERS; asker++) {
      int service = asker % 2;
      askers.add(
          Thread.ofPlatform()
              .name("asker-" + asker)
              .start(() -> askOnAndOn(service, documents, next, wanted, kinds)));
    }
    int faults = 0;
    while (askers.stream().anyMatch(Thread::isAlive)) {
      Thread.sleep(BETWEEN_MILLIS);
      if (next.get() < wanted) {
        fault(faults++);
      }
    }
    over = true;
    for (Thread asker : askers) {
      asker.join();
    }
    say(
        "%d answers, %d faults: %d with other tokens, %d failed, %d look-ups missed; the slowest answer took %.1f s",
        answers.get(), faults, wrong.get(), failed.get(), missed.get(), slowest.get() / 1e9);
    if (wrong.get() + failed.get() > 0) {
      throw new CommandFailure(
          ExitCode.FAILED, "not every answer was right; logs: " + cluster.folder());
    }
    cluster.succeeded();
  }

  private Answer ask(int service, List<String> documents, int kind) {
    return cluster
        .client(service)
        .generate(
            Question.builder()
                .documentId(documents.get(kind % TEXTS))
                .message(Message.user(QUESTIONS.get(kind / TEXTS)))
                .sampling(Sampling.GREEDY)
                .maxTokens(ANSWER_TOKENS)
                .onIndexFailure("recompute")
                .build());
  }

  private void askOnAndOn(
      int service, List<String> documents, AtomicInteger next, int wanted, int kinds) {
    for (int i = next.getAndIncrement(); i < wanted && !over; i = next.getAndIncrement()) {
      int kind = i % kinds;
      long start = System.nanoTime();
      try {
        Answer answer = ask(service, documents, kind);
        missed.addAndGet(answer.figures().lookupsMissed());
        if (!answer.tokenIds().equals(sound.get(kind))) {
          wrong.incrementAndGet();
          say("   another answer to question %d: %s", kind, answer.text());
        }
      } catch (LtriException e) {
        failed.incrementAndGet();
        say("   question %d failed: %s", kind, e.toString());
      }
      answers.incrementAndGet();
      long took = System.nanoTime() - start;
      slowest.accumulateAndGet(took, Math::max);
    }
  }

  /**
   * One node after another: killed, frozen, ended in order. All are there again when this returns.
   */
  private void fault(int number) throws IOException, InterruptedException {
    List<Running> nodes = cluster.indexes();
    Running node = nodes.get(number % nodes.size());
    long start = System.nanoTime();
    switch (number % 3) {
      case 0 -> {
        cluster.kill(node);
        Thread.sleep(BETWEEN_MILLIS);
        cluster.startAgain(node.name());
        told(start, node, "was killed and started again");
      }
      case 1 -> {
        signal(node, "-STOP");
        try {
          Thread.sleep(FROZEN_MILLIS);
        } finally {
          signal(node, "-CONT");
        }
        told(start, node, "was frozen for a while");
      }
      default -> {
        cluster.end(node);
        cluster.startAgain(node.name());
        told(start, node, "was ended in order and started again");
      }
    }
    cluster.awaitReplicas();
  }

  private void told(long start, Running node, String what) {
    say(
        "   %d answers so far; %s %s, %.1f s",
        answers.get(), node.name(), what, (System.nanoTime() - start) / 1e9);
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
    over = true;
    cluster.close();
  }
}
