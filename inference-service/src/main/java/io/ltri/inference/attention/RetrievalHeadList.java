package io.ltri.inference.attention;

import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The query heads that copy from far back in the text ("Retrieval Head", Wu et al., arXiv
 * 2404.15574).
 */
public record RetrievalHeadList(Set<Head> heads) {

  /** One query head. */
  public record Head(int layer, int head) implements Comparable<Head> {
    @Override
    public int compareTo(Head other) {
      return layer != other.layer
          ? Integer.compare(layer, other.layer)
          : Integer.compare(head, other.head);
    }

    /** For instance "12.3": head 3 of layer 12, both counted from 0. */
    @Override
    public String toString() {
      return layer + "." + head;
    }
  }

  public static final RetrievalHeadList NONE = new RetrievalHeadList(Set.of());

  public RetrievalHeadList {
    heads = Set.copyOf(heads);
  }

  public static RetrievalHeadList of(Collection<Head> heads) {
    return new RetrievalHeadList(Set.copyOf(heads));
  }

  public boolean isEmpty() {
    return heads.isEmpty();
  }

  boolean contains(int layer, int head) {
    return heads.contains(new Head(layer, head));
  }

  /**
   * @throws IllegalArgumentException if there is a head that the model does not have
   */
  void requireFits(int layers, int queryHeads) {
    for (Head head : heads) {
      if (head.layer() >= layers || head.head() >= queryHeads) {
        throw new IllegalArgumentException(
            "heads-file names head %s, but the model has %d layers of %d heads"
                .formatted(head, layers, queryHeads));
      }
    }
  }

  /** In order, separated by blanks. */
  @Override
  public String toString() {
    return new TreeSet<>(heads).stream().map(Head::toString).collect(Collectors.joining(" "));
  }
}
