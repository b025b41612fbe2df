package io.ltri.benchmarks.system;

import io.ltri.benchmarks.figure.Spread;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Several answers at once. */
final class Sequences {
  private Sequences() {}

  /**
   * @param tokensPerSecond of all, from when the last one has begun to when the first one ends
   */
  record Outcome(double tokensPerSecond, double p50, double p99) {}

  /** When the tokens of one answer came. */
  record Times(List<Long> nanos, double[] intervalsMillis) {}

  static Outcome measure(LtriSubject ltri, int count, int tokens, int round)
      throws InterruptedException {
    String document = ltri.document();
    List<Times> all = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
      List<Future<Times>> answers = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int question = round + i;
        answers.add(threads.submit(() -> answer(ltri, document, question, tokens)));
      }
      for (Future<Times> answer : answers) {
        all.add(answer.get());
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    }
    return outcome(all);
  }

  private static Times answer(LtriSubject ltri, String document, int question, int tokens) {
    List<Long> nanos = new ArrayList<>();
    double[] intervals =
        ltri.answerAbout(
                document,
                question,
                tokens,
                (now, first) -> {
                  nanos.add(now);
                  return true;
                })
            .intervalsMillis();
    return new Times(nanos, intervals);
  }

  /** Only the time counts in which all were being made. */
  static Outcome outcome(List<Times> all) {
    long from = all.stream().mapToLong(times -> times.nanos().getFirst()).max().orElseThrow();
    long to = all.stream().mapToLong(times -> times.nanos().getLast()).min().orElseThrow();
    if (from >= to) {
      // One after the other: then the whole time counts.
      from = all.stream().mapToLong(times -> times.nanos().getFirst()).min().orElseThrow();
      to = all.stream().mapToLong(times -> times.nanos().getLast()).max().orElseThrow();
    }
    long after = from;
    long until = to;
    long tokens =
        all.stream()
            .flatMap(times -> times.nanos().stream())
            .filter(time -> time > after && time <= until)
            .count();
    double[] intervals =
        all.stream()
            .flatMapToDouble(times -> java.util.Arrays.stream(times.intervalsMillis()))
            .toArray();
    return new Outcome(
        tokens / ((until - after) / 1e9),
        Spread.percentile(intervals, 50),
        Spread.percentile(intervals, 99));
  }
}
