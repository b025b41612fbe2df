package io.ltri.inference.engine;

import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BruteForceIndex;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.tensor.DecoderSettings;
import io.ltri.inference.tensor.Precision;
import io.ltri.inference.tensor.StorageType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What several sequences decode together, and how long an answer waits for its next token while a
 * text is read, in one process and without an index (policy streaming: sink and window). The ways
 * take turns, several rounds. Not a test; how to run it is said in docs/performance.md.
 */
public final class BatchingTimes {
  private static final int[] SEQUENCES = {1, 2, 4, 8};

  private final ComputeThread compute = new ComputeThread();
  private final LanguageModel model;
  private final Memories memories;
  private final int promptTokens;
  private final int steps;

  private BatchingTimes(Path file, DecoderSettings settings, int promptTokens, int steps) {
    this.promptTokens = promptTokens;
    this.steps = steps;
    model = compute.run(() -> LanguageModel.open(file, settings));
    memories =
        new Memories(
            model.decoder(), new BruteForceIndex(), new BlockCache(1 << 20), Runnable::run);
  }

  /**
   * @param arguments model file, precision, threads, rounds, tokens of each prompt, tokens of each
   *     answer
   */
  public static void main(String[] arguments) throws Exception {
    DecoderSettings settings =
        new DecoderSettings(
            "cpu",
            Precision.valueOf(arguments[1].toUpperCase(Locale.ROOT)),
            Integer.parseInt(arguments[2]));
    int rounds = Integer.parseInt(arguments[3]);
    BatchingTimes times =
        new BatchingTimes(
            Path.of(arguments[0]),
            settings,
            Integer.parseInt(arguments[4]),
            Integer.parseInt(arguments[5]));
    System.out.println(settings + ", together at most " + times.model.decoder().mostTogether());
    double[][] tokensPerSecond = new double[SEQUENCES.length][rounds];
    List<Long> alone = new ArrayList<>();
    List<Long> beside = new ArrayList<>();
    double[] read = new double[rounds];
    var unused = times.decode(2);
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < SEQUENCES.length; i++) {
        List<Long> waits = times.decode(SEQUENCES[i]);
        tokensPerSecond[i][round] =
            SEQUENCES[i] * 1e9 / waits.stream().mapToLong(w -> w).average().orElseThrow();
        if (SEQUENCES[i] == 1) {
          alone.addAll(waits);
        }
      }
      AtomicBoolean ends = new AtomicBoolean();
      AtomicLong tokens = new AtomicLong();
      Thread reading = Thread.ofVirtual().start(() -> times.read(ends, tokens));
      long start = System.nanoTime();
      long before = tokens.get();
      beside.addAll(times.decode(1));
      read[round] = (tokens.get() - before) * 1e9 / (System.nanoTime() - start);
      ends.set(true);
      reading.join();
    }
    for (int i = 0; i < SEQUENCES.length; i++) {
      Arrays.sort(tokensPerSecond[i]);
      System.out.printf(
          Locale.ROOT,
          "%d sequences: %.1f tokens/s (%.1f to %.1f), %.2f x one%n",
          SEQUENCES[i],
          tokensPerSecond[i][rounds / 2],
          tokensPerSecond[i][0],
          tokensPerSecond[i][rounds - 1],
          tokensPerSecond[i][rounds / 2] / tokensPerSecond[0][rounds / 2]);
    }
    print("an answer alone", alone);
    print("an answer while a text is read", beside);
    Arrays.sort(read);
    System.out.printf(Locale.ROOT, "reading beside it: %.0f tokens/s%n", read[rounds / 2]);
    times.compute.run(times.model::close);
    times.compute.close();
  }

  private static void print(String what, List<Long> waits) {
    List<Long> sorted = waits.stream().sorted().toList();
    System.out.printf(
        Locale.ROOT,
        "%s: p50 %.1f ms, p99 %.1f ms between tokens (%d)%n",
        what,
        sorted.get(sorted.size() / 2) / 1e6,
        sorted.get(sorted.size() * 99 / 100) / 1e6,
        sorted.size());
  }

  private SequenceMemory memory() {
    ReadingSettings settings =
        new ReadingSettings(
            PolicyName.STREAMING,
            64,
            512,
            512,
            0,
            8,
            64,
            new SpanSettings(8, 64, 1, 0, 4),
            StorageType.BF16);
    return compute.run(
        () -> memories.fresh(settings, new AnsweringSettings(0, Duration.ofSeconds(5), false)));
  }

  private int[] tokens(int count, int seed) {
    return new Random(seed).ints(count, 0, model.tokenizer().vocabularySize()).toArray();
  }

  private SequencePass pass(SequenceMemory memory, boolean reads, int... tokens) {
    return new SequencePass(model.decoder(), memory, tokens, !reads, "", reads, () -> true);
  }

  /**
   * So many answers at once.
   *
   * @return nanoseconds from a token to the next, of all answers, while all are being made
   */
  private List<Long> decode(int sequences) throws Exception {
    CountDownLatch ready = new CountDownLatch(sequences);
    List<Future<List<Long>>> answers = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < sequences; i++) {
        int seed = i;
        answers.add(threads.submit(() -> answer(seed, ready)));
      }
    }
    List<Long> waits = new ArrayList<>();
    for (Future<List<Long>> answer : answers) {
      waits.addAll(answer.get());
    }
    return waits;
  }

  private List<Long> answer(int seed, CountDownLatch ready) throws InterruptedException {
    try (SequenceMemory memory = memory()) {
      int[] prompt = tokens(promptTokens, seed);
      float[] logits = {};
      for (int at = 0; at < prompt.length; at += 512) {
        int[] chunk = Arrays.copyOfRange(prompt, at, Math.min(prompt.length, at + 512));
        logits = compute.pass(pass(memory, false, chunk));
      }
      ready.countDown();
      ready.await();
      Sampler sampler = new Sampler(Sampling.GREEDY);
      List<Long> waits = new ArrayList<>();
      long before = System.nanoTime();
      for (int step = 0; step < steps; step++) {
        logits = compute.pass(pass(memory, false, sampler.next(logits)));
        long now = System.nanoTime();
        if (step > 1) {
          waits.add(now - before);
        }
        before = now;
      }
      compute.ended(memory);
      return waits;
    }
  }

  private void read(AtomicBoolean ends, AtomicLong tokens) {
    try (SequenceMemory memory = memory()) {
      for (int seed = 100; !ends.get(); seed++) {
        float[] unused = compute.pass(pass(memory, true, tokens(512, seed)));
        tokens.addAndGet(512);
      }
    }
  }
}
