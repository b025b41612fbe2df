package io.ltri.inference.retrieval.cluster;

import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.cluster.Nodes.Node;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Where a sequence is served: at one node that has all of its documents. */
interface SequencePlace {

  /**
   * A node, and what the sequence's own document is called there.
   *
   * @param own what callers call it; null if there is none
   * @param there what the node calls it
   */
  record At(Node node, @Nullable String own, @Nullable String there, int generation) {

    /** As the node calls these documents. */
    List<String> ids(List<String> documentIds) {
      return documentIds.stream().map(id -> id.equals(own) && there != null ? there : id).toList();
    }
  }

  At at();

  /** Whether this is still the place; the sequence may have been moved by another of its calls. */
  boolean isAt(At place);

  boolean canMove();

  /** Another place where the same can be asked at this moment; null: there is none. */
  default @Nullable At second(At place) {
    return null;
  }

  /**
   * @throws IndexException why it failed, if there is no other place
   */
  At moveFrom(At place, IndexException why);

  /** Of a document that is being built: on its node and no other. */
  record OfBuild(Node node) implements SequencePlace {

    @Override
    public At at() {
      return new At(node, null, null, 0);
    }

    @Override
    public boolean isAt(At place) {
      return true;
    }

    @Override
    public boolean canMove() {
      return false;
    }

    @Override
    public At moveFrom(At place, IndexException why) {
      throw why;
    }
  }

  /**
   * Where the sequence's private spans are.
   *
   * @param own what callers call their document
   */
  record OfPrivateSpans(PrivateSpans spans, String own) implements SequencePlace {

    private At at(PrivateSpans.Place place) {
      return new At(place.node(), own, place.id(), place.generation());
    }

    @Override
    public At at() {
      return at(spans.place());
    }

    @Override
    public boolean isAt(At place) {
      return spans.place().generation() == place.generation();
    }

    @Override
    public boolean canMove() {
      return spans.canMove();
    }

    @Override
    public At moveFrom(At place, IndexException why) {
      String there = place.there();
      return at(
          spans.moveFrom(
              new PrivateSpans.Place(place.node(), there == null ? "" : there, place.generation()),
              why));
    }
  }

  /**
   * At any node that serves these sealed documents, which are of one group.
   *
   * @param moved runs each time another node is taken
   */
  record OfReplicas(Supplier<List<Node>> serving, Runnable moved) implements SequencePlace {

    @Override
    public At at() {
      List<Node> nodes = serving.get();
      if (nodes.isEmpty()) {
        throw new IndexException(
            IndexException.Reason.UNAVAILABLE, "no index node serves the document at present");
      }
      return new At(nodes.getFirst(), null, null, 0);
    }

    @Override
    public boolean isAt(At place) {
      return true;
    }

    @Override
    public boolean canMove() {
      return true;
    }

    @Override
    public @Nullable At second(At place) {
      for (Node node : serving.get()) {
        if (!node.name().equals(place.node().name()) && node.index().isAsked()) {
          return new At(node, null, null, place.generation());
        }
      }
      return null;
    }

    @Override
    public At moveFrom(At place, IndexException why) {
      List<Node> nodes = serving.get();
      int failed = -1;
      for (int i = 0; i < nodes.size(); i++) {
        if (nodes.get(i).name().equals(place.node().name())) {
          failed = i;
        }
      }
      if (nodes.isEmpty() || (nodes.size() == 1 && failed == 0)) {
        throw why;
      }
      // The one after it, so that one after the other is tried.
      moved.run();
      return new At(nodes.get((failed + 1) % nodes.size()), null, null, 0);
    }
  }
}
