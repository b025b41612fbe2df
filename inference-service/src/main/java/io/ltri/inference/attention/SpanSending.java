package io.ltri.inference.attention;

import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.OffloadedSpan;
import io.ltri.inference.retrieval.SpanIndex;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A sequence's own spans on their way to the index, layer by layer in order. Calls of one thread;
 * the executor's threads send.
 */
final class SpanSending {
  private final SpanIndex index;
  private final OwnSpans own;
  private final Executor sender;
  private final @Nullable CompletableFuture<String>[] sending;
  private final boolean[] arrived;

  /** Spans that could not be sent, and why, since this was last asked. */
  private final AtomicInteger unsent = new AtomicInteger();

  private final AtomicReference<@Nullable IndexException> whyUnsent = new AtomicReference<>();

  /** Where they are; null until the first have arrived. */
  private @Nullable String documentId;

  SpanSending(SpanIndex index, OwnSpans own, Executor sender, int layers) {
    this.index = index;
    this.own = own;
    this.sender = sender;
    @SuppressWarnings({"unchecked", "rawtypes"})
    @Nullable CompletableFuture<String>[] none = new CompletableFuture[layers];
    this.sending = none;
    this.arrived = new boolean[layers];
    this.documentId = own.idIfMade();
    Arrays.fill(arrived, documentId != null);
  }

  void send(int layer, List<OffloadedSpan> spans) {
    CompletableFuture<String> before = sending[layer];
    sending[layer] =
        before == null
            ? CompletableFuture.supplyAsync(() -> append(layer, spans), sender)
            : before.handleAsync((sent, failure) -> append(layer, spans), sender);
  }

  private String append(int layer, List<OffloadedSpan> spans) {
    String id = "";
    try {
      id = own.id();
      index.append(id, layer, spans);
      return id;
    } catch (IndexException e) {
      if (e.reason() == IndexException.Reason.NOT_FOUND) {
        own.lost(id);
      }
      whyUnsent.compareAndSet(null, e);
      unsent.addAndGet(spans.size());
      throw e;
    }
  }

  /**
   * Waits until a layer's spans have arrived; where the sequence goes on without what is missing,
   * not for an index that does not answer, for they are sent when it is back.
   *
   * @return why some of them cannot be seen; null if all can
   */
  @Nullable IndexException await(int layer, StepWait wait) {
    CompletableFuture<String> pending = sending[layer];
    if (pending == null) {
      return null;
    }
    if (!wait.isStrict() && !pending.isDone() && !index.isAsked()) {
      return new IndexException(
          IndexException.Reason.UNAVAILABLE,
          "spans of layer " + layer + " wait for the index, which does not answer");
    }
    wait.beginLookup();
    long start = System.nanoTime();
    try {
      documentId = pending.get(wait.left().toNanos(), TimeUnit.NANOSECONDS);
      arrived[layer] = true;
    } catch (TimeoutException e) {
      return new IndexException(
          IndexException.Reason.TOO_LATE,
          "spans of layer " + layer + " have not arrived in the index yet",
          e);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof IndexException)) {
        throw new CompletionException(e.getCause());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new IndexException(IndexException.Reason.UNAVAILABLE, "interrupted", e);
    } finally {
      wait.waitedSince(start);
    }
    sending[layer] = null;
    return whyUnsent.getAndSet(null);
  }

  /** Spans that could not be sent since this was last called. */
  int takeUnsent() {
    return unsent.getAndSet(0);
  }

  /** Where the spans are; null if none have arrived. */
  @Nullable String documentId() {
    return documentId;
  }

  /** Whether spans of a layer may not have arrived yet. */
  boolean isOnTheWay(int layer) {
    return sending[layer] != null;
  }

  boolean hasArrived(int layer) {
    return arrived[layer];
  }

  /**
   * The index has lost them, as it does when it is started anew.
   *
   * @return was it they that the message is about?
   */
  boolean forgetIfLost(IndexException e) {
    String lost = documentId;
    if (e.reason() != IndexException.Reason.NOT_FOUND
        || lost == null
        || !String.valueOf(e.getMessage()).contains(lost)) {
      return false;
    }
    Arrays.fill(arrived, false);
    documentId = null;
    own.lost(lost);
    return true;
  }

  /** The sequence has ended. */
  void end() {
    sender.execute(own::end);
  }
}
