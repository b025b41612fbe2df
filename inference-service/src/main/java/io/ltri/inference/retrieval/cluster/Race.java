package io.ltri.inference.retrieval.cluster;

import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.cluster.Nodes.Node;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One question to one node, and to a second one when the first is slow: the first answer counts.
 * The other is not broken off; how long it takes is of interest, too.
 *
 * @param size queries of a look-up, blocks of a fetch
 */
record Race(Hedging hedging, Hedging.Kind kind, int size) {

  /** Somebody to ask. */
  record Runner<T>(Node node, Supplier<T> call) {}

  /**
   * @param answer what was said
   * @param twoAsked whether a second was asked
   * @param secondWon whether it was the first to answer
   */
  record Outcome<T>(T answer, boolean twoAsked, boolean secondWon) {}

  /** Asks one, and nobody else. */
  <T> T alone(Runner<T> only) {
    long start = System.nanoTime();
    only.node().load().begin();
    try {
      T answer = only.call().get();
      hedging.answered(kind, size, System.nanoTime() - start);
      return answer;
    } finally {
      only.node().load().end();
    }
  }

  /**
   * @param second is called when it is wanted; null: there is none
   * @throws IndexException of the first when it fails before a second was asked, or both fail
   */
  <T> Outcome<T> run(Runner<T> first, Supplier<@Nullable Runner<T>> second) {
    hedging.begun();
    Duration after = hedging.after(kind, size);
    if (after == null) {
      return new Outcome<>(alone(first), false, false);
    }
    CompletableFuture<T> one = start(first);
    try {
      return new Outcome<>(one.get(after.toNanos(), TimeUnit.NANOSECONDS), false, false);
    } catch (TimeoutException e) {
      return together(one, second);
    } catch (ExecutionException | InterruptedException e) {
      throw Beside.failure(e);
    }
  }

  private <T> Outcome<T> together(CompletableFuture<T> one, Supplier<@Nullable Runner<T>> second) {
    try {
      Runner<T> also = allowed(second);
      if (also == null) {
        return new Outcome<>(one.get(), false, false);
      }
      CompletableFuture<T> other = start(also);
      CompletableFuture<Outcome<T>> first = new CompletableFuture<>();
      decide(first, one, other, false);
      decide(first, other, one, true);
      Outcome<T> outcome = first.get();
      if (outcome.secondWon()) {
        hedging.secondWasFirst();
      }
      return outcome;
    } catch (ExecutionException | InterruptedException e) {
      throw Beside.failure(e);
    }
  }

  private <T> @Nullable Runner<T> allowed(Supplier<@Nullable Runner<T>> second) {
    if (!hedging.take()) {
      return null;
    }
    Runner<T> also = second.get();
    if (also == null) {
      hedging.giveBack();
    }
    return also;
  }

  /** An answer decides at once; a failure only when the other has failed before. */
  private static <T> void decide(
      CompletableFuture<Outcome<T>> first,
      CompletableFuture<T> mine,
      CompletableFuture<T> others,
      boolean second) {
    var unused =
        mine.whenComplete(
            (answer, problem) -> {
              if (problem == null) {
                first.complete(new Outcome<>(answer, true, second));
              } else if (others.isCompletedExceptionally()) {
                first.completeExceptionally(problem);
              }
            });
  }

  private <T> CompletableFuture<T> start(Runner<T> runner) {
    return Beside.start("ask-" + runner.node().name(), () -> alone(runner));
  }
}
