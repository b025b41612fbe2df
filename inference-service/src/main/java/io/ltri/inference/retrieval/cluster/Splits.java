package io.ltri.inference.retrieval.cluster;

import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** Which documents are split over nodes by ranges of layers, as the index says. Any thread. */
final class Splits {

  /** More are asked for again. */
  private static final int KNOWN = 10_000;

  /** The parts of a document; one that is not split is one part. */
  record Parts(List<Integer> firstLayers) {

    static final Parts WHOLE = new Parts(List.of());

    int count() {
      return Math.max(1, firstLayers.size());
    }

    boolean isSplit() {
      return firstLayers.size() > 1;
    }

    /** The part that has a layer. */
    int of(int layer) {
      int part = 0;
      while (part + 1 < firstLayers.size() && firstLayers.get(part + 1) <= layer) {
        part++;
      }
      return part;
    }
  }

  private final Map<String, Parts> known = new ConcurrentHashMap<>();
  private final Function<String, IndexedDocument> ask;

  /**
   * @param ask what is not known
   */
  Splits(Function<String, IndexedDocument> ask) {
    this.ask = ask;
  }

  /** Takes over what the index has just said of a document, and those that it continues. */
  IndexedDocument note(IndexedDocument document) {
    if (document.sealed()) {
      if (known.size() > KNOWN) {
        known.clear();
      }
      Parts parts = new Parts(document.partLayers());
      known.put(IndexedDocument.idOf(document.id()), parts);
      document.ancestors().forEach(name -> known.put(IndexedDocument.idOf(name), parts));
    }
    return document;
  }

  /** Of a sealed document, or of its beginning. */
  Parts of(String name) {
    String id = IndexedDocument.idOf(name);
    Parts parts = known.get(id);
    if (parts != null) {
      return parts;
    }
    try {
      IndexedDocument unused = note(ask.apply(id));
    } catch (IndexException e) {
      // Who asks for its layers now hears the same, or of the nodes that have all of it.
      return Parts.WHOLE;
    }
    return known.getOrDefault(id, Parts.WHOLE);
  }
}
