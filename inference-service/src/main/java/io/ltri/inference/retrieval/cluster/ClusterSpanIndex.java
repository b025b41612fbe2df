package io.ltri.inference.retrieval.cluster;

import io.ltri.inference.retrieval.IndexAdministration;
import io.ltri.inference.retrieval.IndexClient;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.LookupStream;
import io.ltri.inference.retrieval.NewDocument;
import io.ltri.inference.retrieval.OffloadedSpan;
import io.ltri.inference.retrieval.Seal;
import io.ltri.inference.retrieval.SpanBlock;
import io.ltri.inference.retrieval.cluster.Nodes.Node;
import io.ltri.placement.IndexNode;
import io.ltri.placement.Placement;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * {@link io.ltri.inference.retrieval.SpanIndex} over many nodes. A sealed document is asked for at
 * any node that serves its shard; one that is being built is on one node until it is sealed; the
 * private spans of a sequence are on one node at a time, and move when it fails.
 */
public final class ClusterSpanIndex implements IndexClient {

  /**
   * How a cluster is used.
   *
   * @param patience a look-up or fetch that takes longer is asked for at another node
   * @param replayBytes private spans, over all sequences, that are kept here for a move
   */
  public record Settings(Duration patience, long replayBytes) {}

  private final Placement placement;
  private final Settings settings;
  private final Nodes nodes;
  private final ReplayBudget budget;
  private final ClusterAdministration administration;
  private final AtomicLong moves = new AtomicLong();

  /** Documents that are not sealed yet: on which node each is. */
  private final Map<String, Node> builds = new ConcurrentHashMap<>();

  private final Map<String, PrivateSpans> sequences = new ConcurrentHashMap<>();

  /**
   * @param placement closed with this
   * @param connect makes the adapter of a node
   */
  public ClusterSpanIndex(
      Placement placement, Settings settings, Function<IndexNode, IndexClient> connect) {
    this.placement = placement;
    this.settings = settings;
    this.nodes = new Nodes(placement, connect);
    this.budget = new ReplayBudget(settings.replayBytes());
    this.administration = new ClusterAdministration(nodes);
  }

  /** How often a sequence went on at another node. */
  public long moves() {
    return moves.get();
  }

  /** Bytes of private spans that are kept for other nodes. */
  public long replayBytes() {
    return budget.taken();
  }

  // -- building
  // ----------------------------------------------------------------------------------------------------

  @Override
  public IndexedDocument create(NewDocument document) {
    if (document.ephemeral()) {
      PrivateSpans spans =
          new PrivateSpans(document, () -> places(document), budget, moves::incrementAndGet);
      sequences.put(spans.document().id(), spans);
      return spans.document();
    }
    return Elsewhere.first(
        places(document),
        "new documents",
        node -> {
          IndexedDocument made = node.index().create(document);
          builds.put(made.id(), node);
          return made;
        });
  }

  /**
   * A document goes where its parent is; the same work goes to the same node, to be gone on with.
   */
  private List<Node> places(NewDocument document) {
    String parent = document.parentId();
    if (parent != null) {
      return nodes.serving(parent);
    }
    return document.buildKey().isEmpty()
        ? nodes.forWork(Long.toString(System.nanoTime()))
        : nodes.forWork(document.tenant() + "/" + document.buildKey());
  }

  @Override
  public void append(String documentId, int layer, List<OffloadedSpan> spans) {
    PrivateSpans sequence = sequences.get(documentId);
    if (sequence != null) {
      sequence.append(layer, spans);
    } else {
      builder(documentId).index().append(documentId, layer, spans);
    }
  }

  @Override
  public void checkpoint(String documentId, long tokens, Map<String, MemorySegment> tail) {
    builder(documentId).index().checkpoint(documentId, tokens, tail);
  }

  @Override
  public IndexedDocument seal(String documentId, Seal seal, Map<String, MemorySegment> tail) {
    PrivateSpans sequence = sequences.get(documentId);
    if (sequence == null) {
      IndexedDocument sealed = builder(documentId).index().seal(documentId, seal, tail);
      builds.remove(documentId);
      return sealed;
    }
    PrivateSpans.Place at = sequence.place();
    IndexedDocument sealed;
    try {
      sealed = at.node().index().seal(at.id(), seal, tail);
    } catch (IndexException e) {
      if (!Elsewhere.isAway(e) || !Elsewhere.mayHelp(e)) {
        throw e;
      }
      PrivateSpans.Place next = sequence.moveFrom(at, e);
      sealed = next.node().index().seal(next.id(), seal, tail);
    }
    sequences.remove(documentId);
    PrivateSpans.Place unused = sequence.end();
    return sealed;
  }

  private Node builder(String documentId) {
    Node node = builds.get(documentId);
    if (node == null) {
      throw new IndexException(
          IndexException.Reason.WRONG_STATE,
          "document %s is not being built by this service".formatted(documentId));
    }
    return node;
  }

  // -- reading
  // -----------------------------------------------------------------------------------------------------

  @Override
  public LookupStream lookups(List<String> documentIds) {
    return new ClusterLookupStream(documentIds, place(documentIds), settings.patience());
  }

  private SequencePlace place(List<String> documentIds) {
    for (String id : documentIds) {
      PrivateSpans sequence = sequences.get(id);
      if (sequence != null) {
        return new SequencePlace.OfPrivateSpans(sequence);
      }
      Node builder = builds.get(id);
      if (builder != null) {
        return new SequencePlace.OfBuild(builder);
      }
    }
    String any = documentIds.getLast();
    return new SequencePlace.OfReplicas(() -> nodes.serving(any), moves::incrementAndGet);
  }

  @Override
  public List<SpanBlock> fetch(String documentId, int layer, int[] spans, Duration deadline) {
    long end = System.nanoTime() + deadline.toNanos();
    PrivateSpans sequence = sequences.get(documentId);
    if (sequence != null) {
      PrivateSpans.Place at = sequence.place();
      try {
        return at.node().index().fetch(at.id(), layer, spans, patience(end));
      } catch (IndexException e) {
        if (!Elsewhere.mayHelp(e)) {
          throw e;
        }
        PrivateSpans.Place next = moveOrStay(sequence, at, e, end);
        return next.node().index().fetch(next.id(), layer, spans, left(end));
      }
    }
    Node builder = builds.get(documentId);
    if (builder != null) {
      return builder.index().fetch(documentId, layer, spans, deadline);
    }
    List<Node> serving = nodes.serving(documentId);
    return Elsewhere.first(
        serving,
        "document " + documentId,
        node ->
            node.index()
                .fetch(
                    documentId,
                    layer,
                    spans,
                    node.equals(serving.getLast()) ? left(end) : patience(end)));
  }

  /** Where nobody else takes the spans at present, they are asked for once more where they are. */
  private static PrivateSpans.Place moveOrStay(
      PrivateSpans sequence, PrivateSpans.Place from, IndexException why, long end) {
    try {
      return sequence.moveFrom(from, why);
    } catch (IndexException none) {
      if (!Elsewhere.isAway(none) || System.nanoTime() >= end) {
        throw none;
      }
      return from;
    }
  }

  private static Duration left(long end) {
    return Duration.ofNanos(Math.max(1_000_000, end - System.nanoTime()));
  }

  private Duration patience(long end) {
    Duration left = left(end);
    return left.compareTo(settings.patience()) < 0 ? left : settings.patience();
  }

  @Override
  public Map<String, MemorySegment> readTail(String documentId, List<String> sections) {
    Node builder = builds.get(documentId);
    return builder != null
        ? builder.index().readTail(documentId, sections)
        : at(documentId, node -> node.index().readTail(documentId, sections));
  }

  @Override
  public IndexedDocument get(String documentId) {
    Node builder = builds.get(documentId);
    return builder != null
        ? builder.index().get(documentId)
        : at(documentId, node -> node.index().get(documentId));
  }

  private <T> T at(String documentId, Function<Node, T> call) {
    return Elsewhere.first(nodes.serving(documentId), "document " + documentId, call);
  }

  @Override
  public List<IndexedDocument> list() {
    return administration.union(node -> node.index().list());
  }

  @Override
  public long delete(String documentId) {
    PrivateSpans sequence = sequences.remove(documentId);
    if (sequence != null) {
      PrivateSpans.@Nullable Place last = sequence.end();
      return last == null ? 0 : last.node().index().delete(last.id());
    }
    Node builder = builds.remove(documentId);
    return builder != null
        ? builder.index().delete(documentId)
        : at(documentId, node -> node.index().delete(documentId));
  }

  // -- the nodes
  // ---------------------------------------------------------------------------------------------------

  @Override
  public boolean hasOtherNodes() {
    return nodes.count() > 1;
  }

  @Override
  public boolean isAsked() {
    return nodes.all().stream().anyMatch(node -> node.index().isAsked());
  }

  @Override
  public boolean answers() {
    return nodes.all().stream().anyMatch(node -> node.index().answers());
  }

  @Override
  public IndexAdministration administration() {
    return administration;
  }

  @Override
  public void close() {
    nodes.close();
    placement.close();
  }
}
