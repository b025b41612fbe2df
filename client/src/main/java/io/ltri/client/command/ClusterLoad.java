package io.ltri.client.command;

import io.ltri.client.AnswerEvent;
import io.ltri.client.AnswerFigures;
import io.ltri.client.AnswerStream;
import io.ltri.client.AnswerText;
import io.ltri.client.LtriClient;
import io.ltri.client.LtriException;
import io.ltri.client.Message;
import io.ltri.client.Question;
import io.ltri.client.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Questions that are asked on and on, by several threads. Every answer is compared with the one
 * that a single node gave. Any thread.
 */
final class ClusterLoad {

  private static final int ANSWER_TOKENS = 24;
  private static final List<String> QUESTIONS =
      List.of(
          "What is this part of the chronicle about?",
          "Who is named in it?",
          "What happened last?");

  /** In turn: an answer either ends with a failure of the index, or is computed again. */
  private static final List<String> MODES = List.of("fail", "recompute");

  private final LtriClient client;
  private final List<String> documents;
  private final List<List<Integer>> expected;
  private final Consumer<String> log;
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicInteger next = new AtomicInteger();
  private volatile boolean over;

  private final AtomicInteger answers = new AtomicInteger();
  private final AtomicInteger wrong = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();
  private final AtomicInteger retried = new AtomicInteger();
  private final AtomicLong missed = new AtomicLong();
  private final AtomicLong recomputed = new AtomicLong();
  private final AtomicLong listed = new AtomicLong();

  /** When each token came, in order. */
  private final List<Long> tokenTimes = new ArrayList<>();

  /** By question: the slowest answer while nothing was disturbed. */
  private final Map<Integer, Long> undisturbed = new HashMap<>();

  private boolean disturbed;
  private long longestDelay;

  /**
   * @param documents in the order of the texts that a single node was asked about
   * @param expected by question, as {@link #single} gives it
   * @param log of what is not as it should be
   */
  ClusterLoad(
      LtriClient client,
      List<String> documents,
      List<List<Integer>> expected,
      Consumer<String> log) {
    this.client = client;
    this.documents = List.copyOf(documents);
    this.expected = List.copyOf(expected);
    this.log = log;
  }

  /** What a service with one index node answers: by question, the tokens. */
  static List<List<Integer>> single(LtriClient client, List<String> documents) {
    List<List<Integer>> tokens = new ArrayList<>();
    for (int kind = 0; kind < kinds(documents); kind++) {
      tokens.add(client.generate(question(documents, kind, "fail")).tokenIds());
    }
    return tokens;
  }

  private static int kinds(List<String> documents) {
    return documents.size() * QUESTIONS.size();
  }

  private static Question question(List<String> documents, int kind, String onIndexFailure) {
    return Question.builder()
        .documentId(documents.get(kind / QUESTIONS.size()))
        .message(Message.user(QUESTIONS.get(kind % QUESTIONS.size())))
        .sampling(Sampling.GREEDY)
        .maxTokens(ANSWER_TOKENS)
        .onIndexFailure(onIndexFailure)
        .build();
  }

  void start(int askers) {
    for (int asker = 0; asker < askers; asker++) {
      threads.add(Thread.ofPlatform().name("asker-" + asker).daemon().start(this::askOnAndOn));
    }
    threads.add(Thread.ofPlatform().name("lister").daemon().start(this::listOnAndOn));
  }

  /** Ends when the answers under way have come. */
  void stop() throws InterruptedException {
    over = true;
    for (Thread thread : threads) {
      thread.join();
    }
  }

  /** Nobody waits for what is under way. */
  void abandon() {
    over = true;
  }

  private void askOnAndOn() {
    int kinds = kinds(documents);
    while (!over) {
      int number = next.getAndIncrement();
      int kind = number % kinds;
      String mode = MODES.get(number / kinds % MODES.size());
      long start = System.nanoTime();
      try {
        ask(kind, mode, start);
      } catch (LtriException e) {
        if (!over || e.code() != io.grpc.Status.Code.CANCELLED) {
          failed.incrementAndGet();
          log.accept("answer %d failed: %s".formatted(number, e.getMessage()));
        }
      }
    }
  }

  private void ask(int kind, String mode, long start) {
    List<Integer> tokens = new ArrayList<>();
    @Nullable AnswerFigures figures = null;
    try (AnswerStream answer = client.stream(question(documents, kind, mode))) {
      while (answer.hasNext()) {
        AnswerEvent event = answer.next();
        switch (event) {
          case AnswerText part -> {
            tokens.addAll(part.tokenIds());
            came(part.tokenIds().size());
          }
          case AnswerFigures last -> figures = last;
        }
      }
      if (answer.retries() > 0) {
        retried.incrementAndGet();
      }
    }
    answers.incrementAndGet();
    if (figures != null) {
      missed.addAndGet(figures.lookupsMissed());
      recomputed.addAndGet(figures.recomputedTokens() > 0 ? 1 : 0);
    }
    if (!tokens.equals(expected.get(kind))) {
      wrong.incrementAndGet();
      log.accept(
          "another answer to question %d (%s): %s instead of %s"
              .formatted(kind, mode, tokens, expected.get(kind)));
    }
    took(kind, System.nanoTime() - start);
  }

  private void listOnAndOn() {
    while (!over) {
      try {
        if (client.documents().size() < documents.size()) {
          wrong.incrementAndGet();
          log.accept("a list of documents lacks some of them");
        }
        listed.incrementAndGet();
        Thread.sleep(200);
      } catch (LtriException e) {
        if (!over) {
          failed.incrementAndGet();
          log.accept("a list of documents failed: " + e.getMessage());
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private synchronized void came(int tokens) {
    long now = System.nanoTime();
    for (int i = 0; i < tokens; i++) {
      tokenTimes.add(now);
    }
  }

  private synchronized void took(int kind, long nanos) {
    if (disturbed) {
      longestDelay = Math.max(longestDelay, nanos - Objects.requireNonNull(undisturbed.get(kind)));
    } else {
      undisturbed.merge(kind, nanos, Math::max);
    }
  }

  /** Whether each question was answered while nothing was disturbed. */
  synchronized boolean knowsUndisturbed() {
    return undisturbed.size() == kinds(documents);
  }

  /**
   * From now on answers may be delayed, and how long is written down.
   *
   * @throws IllegalStateException if it is not known how long they take
   */
  synchronized void disturb() {
    if (!knowsUndisturbed()) {
      throw new IllegalStateException("not every question was answered undisturbed");
    }
    disturbed = true;
    longestDelay = 0;
  }

  /**
   * By how much an answer took longer than the slowest undisturbed one to the same question, at
   * most, since {@link #disturb}.
   */
  synchronized double longestDelaySeconds() {
    return longestDelay / 1e9;
  }

  int answers() {
    return answers.get();
  }

  /** Answers with other tokens than a single node's, and lists that were not complete. */
  int wrong() {
    return wrong.get();
  }

  int failed() {
    return failed.get();
  }

  /** Requests of either kind. */
  long requests() {
    return answers.get() + failed.get() + listed.get();
  }

  int retried() {
    return retried.get();
  }

  String summary() {
    return String.format(
        Locale.ROOT,
        "%d answers, %d lists: %d wrong, %d failed, %d look-ups missed, %d answers computed again, %d gone on with by another inference service",
        answers.get(),
        listed.get(),
        wrong.get(),
        failed.get(),
        missed.get(),
        recomputed.get(),
        retried.get());
  }

  /** Tokens a second between two times of {@link System#nanoTime}. */
  synchronized double rate(long from, long to) {
    return tokenTimes.stream().filter(at -> at >= from && at < to).count() * 1e9 / (to - from);
  }

  /**
   * Tokens a second in the slowest stretch of this length between two times.
   *
   * @param stretchSeconds longer than an answer takes
   * @throws IllegalArgumentException when there is no such stretch: tokens that nobody has waited
   *     for would count as missing
   */
  synchronized double slowestRate(long from, long to, int stretchSeconds) {
    return slowestRate(tokenTimes, from, to, stretchSeconds);
  }

  static double slowestRate(Collection<Long> tokenTimes, long from, long to, int stretchSeconds) {
    long stretch = stretchSeconds * 1_000_000_000L;
    if (to - from < stretch) {
      throw new IllegalArgumentException(
          "between the two times are %.1f s, not %d".formatted((to - from) / 1e9, stretchSeconds));
    }
    long[] times = tokenTimes.stream().mapToLong(Long::longValue).sorted().toArray();
    double slowest = Double.MAX_VALUE;
    for (long begin = from; begin + stretch <= to; begin += stretch / 10) {
      long until = begin + stretch;
      long begins = begin;
      slowest =
          Math.min(
              slowest,
              Arrays.stream(times).filter(at -> at >= begins && at < until).count()
                  / (double) stretchSeconds);
    }
    return slowest;
  }
}
