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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
   * @param hedgePercentile a look-up or fetch that takes longer than so many percent of the recent
   *     ones is asked of a second node, too
   * @param hedgeShare of look-ups and fetches for which that is done, at most; 0: of none
   */
  public record Settings(
      Duration patience, long replayBytes, double hedgePercentile, double hedgeShare) {}

  private final Placement placement;
  private final Settings settings;
  private final Nodes nodes;
  private final ReplayBudget budget;
  private final Hedging hedging;
  private final Splits splits = new Splits(this::get);
  private final ClusterAdministration administration;
  private final AtomicLong moves = new AtomicLong();

  /** Documents that are not sealed yet: on which node each is. */
  private final Map<String, Node> builds = new ConcurrentHashMap<>();

  private final Map<String, OwnSpans> sequences = new ConcurrentHashMap<>();

  /**
   * @param placement closed with this
   * @param connect makes the adapter of a node
   */
  public ClusterSpanIndex(
      Placement placement, Settings settings, Function<IndexNode, IndexClient> connect) {
    this(
        placement,
        settings,
        connect,
        new Hedging(settings.hedgePercentile(), settings.hedgeShare()));
  }

  ClusterSpanIndex(
      Placement placement,
      Settings settings,
      Function<IndexNode, IndexClient> connect,
      Hedging hedging) {
    this.placement = placement;
    this.settings = settings;
    this.nodes = new Nodes(placement, connect);
    this.budget = new ReplayBudget(settings.replayBytes());
    this.hedging = hedging;
    this.administration = new ClusterAdministration(nodes, splits);
  }

  /** How often a sequence went on at another node. */
  public long moves() {
    return moves.get();
  }

  /** Look-ups and fetches for which a second replica was asked. */
  public long hedges() {
    return hedging.asked();
  }

  /** Of these, those that the second one answered first. */
  public long hedgesWon() {
    return hedging.won();
  }

  /** Bytes of private spans that are kept for other nodes. */
  public long replayBytes() {
    return budget.taken();
  }

  /** Over all shards, replicas fewer than are asked for, as far as this service has heard. */
  public int missingReplicas() {
    return placement.missingReplicas();
  }

  // -- building
  // ----------------------------------------------------------------------------------------------------

  @Override
  public IndexedDocument create(NewDocument document) {
    if (document.ephemeral()) {
      return createPrivate(document);
    }
    String parent = document.parentId();
    if (parent != null && splits.of(parent).isSplit()) {
      throw new IndexException(
          IndexException.Reason.REFUSED,
          "document %s is split over several index nodes, and no text can be read that continues it: a conversation over it can be kept, or the whole be read as a new document"
              .formatted(parent));
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

  /** Its spans of a layer go where that layer of its parent is. */
  private IndexedDocument createPrivate(NewDocument document) {
    String parent = document.parentId();
    Splits.Parts split = parent == null ? Splits.Parts.WHOLE : splits.of(parent);
    List<PrivateSpans> parts = new ArrayList<>();
    for (int i = 0; i < split.count(); i++) {
      int part = i;
      parts.add(
          new PrivateSpans(
              document,
              () -> part == 0 ? places(document) : nodes.serving(String.valueOf(parent), part),
              settings.patience(),
              budget,
              moves::incrementAndGet));
    }
    OwnSpans own = new OwnSpans(document, split, parts);
    sequences.put(own.document().id(), own);
    return own.document();
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
    OwnSpans sequence = sequences.get(documentId);
    if (sequence != null) {
      sequence.of(layer).append(layer, spans);
    } else {
      builder(documentId).index().append(documentId, layer, spans);
    }
  }

  @Override
  public void checkpoint(
      String documentId, long tokens, Set<Long> kept, Map<String, MemorySegment> tail) {
    builder(documentId).index().checkpoint(documentId, tokens, kept, tail);
  }

  @Override
  public IndexedDocument seal(String documentId, Seal seal, Map<String, MemorySegment> tail) {
    OwnSpans own = sequences.get(documentId);
    if (own == null) {
      IndexedDocument sealed = builder(documentId).index().seal(documentId, seal, tail);
      builds.remove(documentId);
      return splits.note(sealed);
    }
    IndexedDocument sealed =
        own.split().isSplit()
            ? sealTogether(own, seal, tail)
            : sealPrivate(own.parts().getFirst(), seal, tail);
    sequences.remove(documentId);
    own.parts().forEach(PrivateSpans::end);
    return splits.note(sealed);
  }

  /**
   * What lies in parts comes together on a node that serves the whole, and is split again there.
   */
  private IndexedDocument sealTogether(OwnSpans own, Seal seal, Map<String, MemorySegment> tail) {
    IndexedDocument sealed =
        Elsewhere.first(
            places(own.asked()),
            "the document of this sequence",
            node -> {
              String id = node.index().create(own.asked()).id();
              boolean done = false;
              try {
                own.copyTo(node, id);
                IndexedDocument made = node.index().seal(id, seal, tail);
                done = true;
                return made;
              } finally {
                if (!done) {
                  PrivateSpans.dropQuietly(node, id);
                }
              }
            });
    own.parts().forEach(part -> PrivateSpans.dropQuietly(part.place().node(), part.place().id()));
    return sealed;
  }

  private static IndexedDocument sealPrivate(
      PrivateSpans sequence, Seal seal, Map<String, MemorySegment> tail) {
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
    Splits.Parts split = split(documentIds);
    return split.isSplit()
        ? new SplitLookupStream(split, part -> lookups(documentIds, part))
        : lookups(documentIds, 0);
  }

  private LookupStream lookups(List<String> documentIds, int part) {
    return new ClusterLookupStream(
        documentIds, place(documentIds, part), settings.patience(), hedging);
  }

  /** All of one look-up are split alike. */
  private Splits.Parts split(List<String> documentIds) {
    for (String id : documentIds) {
      OwnSpans sequence = sequences.get(id);
      if (sequence != null) {
        return sequence.split();
      }
      if (builds.containsKey(id)) {
        return Splits.Parts.WHOLE;
      }
    }
    return splits.of(documentIds.getLast());
  }

  private SequencePlace place(List<String> documentIds, int part) {
    for (String id : documentIds) {
      OwnSpans sequence = sequences.get(id);
      if (sequence != null) {
        return new SequencePlace.OfPrivateSpans(sequence.parts().get(part), id);
      }
      Node builder = builds.get(id);
      if (builder != null) {
        return new SequencePlace.OfBuild(builder);
      }
    }
    String any = documentIds.getLast();
    return new SequencePlace.OfReplicas(() -> nodes.serving(any, part), moves::incrementAndGet);
  }

  @Override
  public List<SpanBlock> fetch(String documentId, int layer, int[] spans, Duration deadline) {
    long end = System.nanoTime() + deadline.toNanos();
    OwnSpans own = sequences.get(documentId);
    if (own != null) {
      PrivateSpans sequence = own.of(layer);
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
    return fetchSealed(documentId, layer, spans, end);
  }

  private List<SpanBlock> fetchSealed(String documentId, int layer, int[] spans, long end) {
    List<Node> serving = nodes.serving(documentId, splits.of(documentId).of(layer));
    Race race = new Race(hedging, Hedging.Kind.FETCH, spans.length);
    return Elsewhere.first(
        serving,
        "document " + documentId,
        node -> {
          boolean last = node.equals(serving.getLast());
          Node next = last ? null : serving.get(serving.indexOf(node) + 1);
          return race.run(
                  fetch(node, documentId, layer, spans, last ? left(end) : patience(end)),
                  () ->
                      next == null || !next.index().isAsked()
                          ? null
                          : fetch(next, documentId, layer, spans, left(end)))
              .answer();
        });
  }

  private static Race.Runner<List<SpanBlock>> fetch(
      Node node, String documentId, int layer, int[] spans, Duration wait) {
    return new Race.Runner<>(node, () -> node.index().fetch(documentId, layer, spans, wait));
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
        : splits.note(at(documentId, node -> node.index().get(documentId)));
  }

  private <T> T at(String documentId, Function<Node, T> call) {
    return Elsewhere.first(nodes.serving(documentId), "document " + documentId, call);
  }

  @Override
  public List<IndexedDocument> list() {
    List<IndexedDocument> all = administration.union(node -> node.index().list());
    all.forEach(splits::note);
    return all;
  }

  @Override
  public long delete(String documentId) {
    OwnSpans own = sequences.remove(documentId);
    if (own != null) {
      long freed = 0;
      for (PrivateSpans part : own.parts()) {
        PrivateSpans.@Nullable Place last = part.end();
        freed += last == null ? 0 : last.node().index().delete(last.id());
      }
      return freed;
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
