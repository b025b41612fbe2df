package io.ltri.inference.retrieval.cluster;

import io.ltri.inference.retrieval.IndexClient;
import io.ltri.placement.IndexNode;
import io.ltri.placement.Placement;
import io.ltri.placement.Shards;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connections to the nodes of a cluster, and the order in which they are asked. Any thread. */
final class Nodes implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Nodes.class);

  /** So many more calls under way than at another replica are taken for the warmth of caches. */
  private static final double TOLERATED_LOAD = 1;

  /** A node, as long as it is where it is. */
  record Node(IndexNode place, IndexClient index, Load load) {

    String name() {
      return place.name();
    }
  }

  private final Placement placement;
  private final Function<IndexNode, IndexClient> connect;
  private final LongSupplier nanoTime;
  private final Map<String, Node> open = new ConcurrentHashMap<>();
  private volatile boolean closed;

  Nodes(Placement placement, Function<IndexNode, IndexClient> connect) {
    this(placement, connect, System::nanoTime);
  }

  Nodes(Placement placement, Function<IndexNode, IndexClient> connect, LongSupplier nanoTime) {
    this.placement = placement;
    this.nanoTime = nanoTime;
    this.connect = connect;
    placement.onChange(this::closeThoseThatLeft);
  }

  private Node node(IndexNode place) {
    return open.compute(
        place.name(),
        (name, known) -> {
          if (known != null && known.place().target().equals(place.target())) {
            return known;
          }
          if (known != null) {
            known.index().close();
          }
          return new Node(place, connect.apply(place), new Load(nanoTime));
        });
  }

  private void closeThoseThatLeft() {
    if (closed) {
      return;
    }
    Set<String> alive = new HashSet<>();
    placement.nodes().forEach(node -> alive.add(node.name()));
    for (String name : open.keySet()) {
      if (!alive.contains(name)) {
        Node left = open.remove(name);
        if (left != null) {
          LOG.info("index node {} has left the cluster", name);
          left.index().close();
        }
      }
    }
  }

  /** All that are alive, those that answer first. */
  List<Node> all() {
    List<Node> nodes = new ArrayList<>();
    placement.nodes().forEach(place -> nodes.add(node(place)));
    nodes.sort(Comparator.comparing(node -> !node.index().isAsked()));
    return nodes;
  }

  /**
   * The nodes that serve a document: those that answer first, then by a fixed order of the
   * document's own, for caches. When the first is busier than another one, picked at random, that
   * one comes before it: the better of two choices spreads load nearly as well as the best of all,
   * and does not send everybody to the same node at once.
   *
   * <p>Source: Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, 2001.
   */
  List<Node> serving(String documentId) {
    return ordered(placement.serving(documentId), Shards.group(documentId));
  }

  /**
   * As {@link #serving(String)}, those of a part of a document that is split. After them come those
   * that serve the whole: the one that has made it has all of it for a while.
   */
  List<Node> serving(String documentId, int part) {
    List<Node> first = serving(documentId);
    if (part == 0) {
      return first;
    }
    int shard = Shards.of(documentId, part, placement.shards());
    Set<Node> nodes =
        new LinkedHashSet<>(
            ordered(placement.serving(shard), Shards.group(documentId) + "/" + part));
    nodes.addAll(first);
    return List.copyOf(nodes);
  }

  /** All that are alive, in an order that work of this name keeps as long as they are. */
  List<Node> forWork(String name) {
    return ordered(placement.nodes(), name);
  }

  private List<Node> ordered(List<IndexNode> places, String key) {
    List<Node> nodes = new ArrayList<>();
    places.forEach(place -> nodes.add(node(place)));
    nodes.sort(
        Comparator.comparing((Node node) -> !node.index().isAsked())
            .thenComparingInt(node -> mix((node.name() + "/" + key).hashCode())));
    if (nodes.size() > 1) {
      int other = 1 + ThreadLocalRandom.current().nextInt(nodes.size() - 1);
      Node home = nodes.getFirst();
      Node choice = nodes.get(other);
      if (choice.index().isAsked()
          && home.load().value() > choice.load().value() + TOLERATED_LOAD) {
        nodes.remove(other);
        nodes.addFirst(choice);
      }
    }
    return nodes;
  }

  /** Names that differ in one letter must not come in the order of that letter. */
  private static int mix(int hash) {
    int mixed = (hash ^ hash >>> 16) * 0x85ebca6b;
    mixed = (mixed ^ mixed >>> 13) * 0xc2b2ae35;
    return mixed ^ mixed >>> 16;
  }

  int count() {
    return placement.nodes().size();
  }

  @Override
  public void close() {
    closed = true;
    open.values().forEach(node -> node.index().close());
    open.clear();
  }
}
