package io.ltri.benchmarks.system;

import io.ltri.benchmarks.figure.Answering;
import io.ltri.benchmarks.figure.Spread;
import io.ltri.benchmarks.figure.WhileReadingFigures;
import io.ltri.client.LtriException;
import io.ltri.client.NewDocument;
import io.ltri.client.Reading;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Answers while another text is read, which is given up as soon as enough is measured. */
final class WhileReading {
  private WhileReading() {}

  /** How far the reading had come. */
  private record Come(long tokens, long nanos) {}

  static WhileReadingFigures measure(LtriSubject ltri, int length, Text other, Plan plan)
      throws InterruptedException {
    List<Double> alone = new ArrayList<>();
    for (int round = 0; round < plan.rounds(); round++) {
      add(ltri.answer(round, plan.tokens()).intervalsMillis(), alone);
    }
    CountDownLatch begun = new CountDownLatch(1);
    AtomicReference<@Nullable Come> first = new AtomicReference<>();
    AtomicReference<@Nullable Come> last = new AtomicReference<>();
    Reading reading =
        ltri.client()
            .startReading(
                NewDocument.of(other.file()).withFresh(true),
                progress -> {
                  Come now = new Come(progress.tokens(), System.nanoTime());
                  first.compareAndSet(null, now);
                  last.set(now);
                  begun.countDown();
                });
    AtomicBoolean ended = new AtomicBoolean();
    Thread waiting = Thread.ofVirtual().start(() -> await(reading, ended, begun));
    try {
      begun.await();
      int wanted = plan.rounds() * plan.tokens();
      List<Double> meanwhile = new ArrayList<>();
      for (int i = 0; meanwhile.size() < wanted && !ended.get(); i++) {
        long[] before = {0};
        Answering unused =
            ltri.answerAbout(
                ltri.document(),
                i,
                plan.tokens(),
                (now, isFirst) -> {
                  if (!isFirst && !ended.get()) {
                    meanwhile.add((now - before[0]) / 1e6);
                  }
                  before[0] = now;
                  return meanwhile.size() < wanted && !ended.get();
                });
      }
      if (meanwhile.isEmpty()) {
        throw new IllegalStateException(
            "%,d tokens were read before an answer had two tokens: use a longer text"
                .formatted(other.length()));
      }
      Come from = Objects.requireNonNull(first.get());
      Come to = Objects.requireNonNull(last.get());
      double seconds = (to.nanos() - from.nanos()) / 1e9;
      double[] quiet = alone.stream().mapToDouble(Double::doubleValue).toArray();
      double[] disturbed = meanwhile.stream().mapToDouble(Double::doubleValue).toArray();
      return new WhileReadingFigures(
          length,
          other.length(),
          Spread.percentile(quiet, 50),
          Spread.percentile(quiet, 99),
          Spread.percentile(disturbed, 50),
          Spread.percentile(disturbed, 99),
          Spread.of(disturbed).max(),
          disturbed.length,
          seconds == 0 ? 0 : (to.tokens() - from.tokens()) / seconds);
    } finally {
      reading.cancel();
      waiting.join();
    }
  }

  private static void add(double[] from, List<Double> to) {
    for (double value : from) {
      to.add(value);
    }
  }

  private static void await(Reading reading, AtomicBoolean ended, CountDownLatch begun) {
    try {
      var unused = reading.await();
    } catch (LtriException e) {
      // Given up, when enough was measured.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    ended.set(true);
    begun.countDown();
  }
}
