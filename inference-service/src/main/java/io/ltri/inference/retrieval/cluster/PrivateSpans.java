package io.ltri.inference.retrieval.cluster;

import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.NewDocument;
import io.ltri.inference.retrieval.OffloadedSpan;
import io.ltri.inference.retrieval.cluster.Nodes.Node;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The private spans of one sequence: an ephemeral document on one node, and all that was appended
 * to it, so that another node can be given the same. Spans of a layer have the same ordinals there,
 * for they are given in the same order; so look-ups find the same. Any thread.
 */
final class PrivateSpans {

  private static final Logger LOG = LoggerFactory.getLogger(PrivateSpans.class);

  private record Appended(int layer, List<OffloadedSpan> spans) {}

  /** Where the document is at present, and its id there. */
  record Place(Node node, String id, int generation) {}

  private final NewDocument document;
  private final Supplier<List<Node>> candidates;
  private final Duration patience;
  private final ReplayBudget budget;
  private final Runnable moved;
  private final List<Appended> appended = new ArrayList<>();
  private final IndexedDocument first;
  private long bytes;
  private boolean replayable = true;
  private boolean ended;
  private Place place;

  /**
   * Makes the document on the first of the candidates that takes it.
   *
   * @param candidates nodes that can take it, now or later, the best first
   * @param patience when spans are not taken in for so long, they go to another node
   * @param moved runs each time it has gone to another node
   */
  PrivateSpans(
      NewDocument document,
      Supplier<List<Node>> candidates,
      Duration patience,
      ReplayBudget budget,
      Runnable moved) {
    this.document = document;
    this.candidates = candidates;
    this.patience = patience;
    this.budget = budget;
    this.moved = moved;
    record Made(Node node, IndexedDocument document) {}
    Made made =
        Elsewhere.first(
            candidates.get(),
            "the document of this sequence",
            node -> new Made(node, node.index().create(document)));
    this.first = made.document();
    this.place = new Place(made.node(), made.document().id(), 0);
  }

  /** As it was made; its id names these spans wherever they are. */
  IndexedDocument document() {
    return first;
  }

  synchronized Place place() {
    return place;
  }

  void append(int layer, List<OffloadedSpan> spans) {
    Place at;
    synchronized (this) {
      keep(layer, spans);
      at = place;
    }
    // A move takes these spans along.
    if (!at.node().index().isAsked()
        && moves(at, IndexException.Reason.UNAVAILABLE, "does not answer")) {
      return;
    }
    CompletableFuture<Void> sent =
        Beside.start(
            "append-" + at.node().name(),
            () -> {
              at.node().index().append(at.id(), layer, spans);
              return null;
            });
    try {
      sent.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      if (!moves(at, IndexException.Reason.TOO_LATE, "does not take spans in")) {
        await(sent, at);
      }
    } catch (ExecutionException | InterruptedException e) {
      failed(e, at);
    }
  }

  private void await(CompletableFuture<Void> sent, Place at) {
    try {
      sent.get();
    } catch (ExecutionException | InterruptedException e) {
      failed(e, at);
    }
  }

  private void failed(Exception problem, Place at) {
    RuntimeException failure = Beside.failure(problem);
    if (!(failure instanceof IndexException e) || !Elsewhere.mayHelp(e)) {
      throw failure;
    }
    Place unused = moveFrom(at, e);
  }

  /** Whether another node has them now; where none takes them, they are awaited where they are. */
  private boolean moves(Place from, IndexException.Reason reason, String what) {
    try {
      Place unused =
          moveFrom(
              from,
              new IndexException(reason, "index node %s %s".formatted(from.node().name(), what)));
      return true;
    } catch (IndexException e) {
      if (!Elsewhere.isAway(e)) {
        throw e;
      }
      return false;
    }
  }

  private void keep(int layer, List<OffloadedSpan> spans) {
    if (!replayable || ended) {
      return;
    }
    long more = 0;
    for (OffloadedSpan span : spans) {
      more += span.block().sizeBytes() + 4L * span.vectors().length;
    }
    if (budget.take(more)) {
      bytes += more;
      appended.add(new Appended(layer, List.copyOf(spans)));
    } else {
      LOG.info("the spans of sequence {} are more than is kept for other nodes", first.id());
      forget();
      replayable = false;
    }
  }

  private void forget() {
    budget.giveBack(bytes);
    bytes = 0;
    appended.clear();
  }

  /**
   * Puts the spans on another node, unless somebody has done so since.
   *
   * @param from where they were when it failed
   * @param why it failed
   * @throws IndexException if no other node takes them, or they are too many to be kept
   */
  synchronized Place moveFrom(Place from, IndexException why) {
    if (place.generation() != from.generation()) {
      return place;
    }
    if (ended || !replayable) {
      throw why;
    }
    IndexException failure = why;
    for (Node node : candidates.get()) {
      if (node.name().equals(from.node().name())) {
        continue;
      }
      String id = null;
      try {
        id = node.index().create(document).id();
        for (Appended each : appended) {
          node.index().append(id, each.layer(), each.spans());
        }
        place = new Place(node, id, from.generation() + 1);
        moved.run();
        LOG.warn(
            "the sequence of document {} goes on at index node {} instead of {}: {}",
            first.id(),
            node.name(),
            from.node().name(),
            why.getMessage());
        dropQuietly(from.node(), from.id());
        return place;
      } catch (IndexException e) {
        if (id != null) {
          dropQuietly(node, id);
        }
        if (!Elsewhere.mayHelp(e)) {
          throw e;
        }
        failure = Elsewhere.worse(failure, e);
      }
    }
    throw failure;
  }

  /** Whether all that was appended is at hand, to be given to another node. */
  synchronized boolean canMove() {
    return replayable && !ended;
  }

  /** The adapter of the node remembers what could not be deleted. */
  static void dropQuietly(Node node, String id) {
    Thread.ofVirtual()
        .name("drop-" + id)
        .start(
            () -> {
              try {
                long unused = node.index().delete(id);
              } catch (IndexException e) {
                LOG.debug("document {} could not be deleted at {}", id, node.name(), e);
              }
            });
  }

  /**
   * Gives the spans to another document, in order.
   *
   * @throws IndexException if they are too many to be kept, or it is not taken
   */
  synchronized void copyTo(Node node, String id) {
    if (ended || !replayable) {
      throw new IndexException(
          IndexException.Reason.FULL,
          "the spans of sequence %s are more than is kept (LTRI_INFERENCE_REPLAYMEMORY), and lie on several nodes"
              .formatted(first.id()));
    }
    for (Appended each : appended) {
      node.index().append(id, each.layer(), each.spans());
    }
  }

  /** Nothing is appended any more; it is not moved any more. */
  synchronized @Nullable Place end() {
    if (ended) {
      return null;
    }
    ended = true;
    forget();
    return place;
  }
}
