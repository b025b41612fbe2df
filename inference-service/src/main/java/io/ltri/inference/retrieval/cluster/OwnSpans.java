package io.ltri.inference.retrieval.cluster;

import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.NewDocument;
import io.ltri.inference.retrieval.cluster.Nodes.Node;
import java.util.List;

/**
 * The private spans of a sequence: of each part of the document that it goes on from, those of the
 * same layers, where that part is.
 */
record OwnSpans(NewDocument asked, Splits.Parts split, List<PrivateSpans> parts) {

  PrivateSpans of(int layer) {
    return parts.get(split.of(layer));
  }

  /** As it was made; its id names these spans wherever they are. */
  IndexedDocument document() {
    return parts.getFirst().document();
  }

  /** Gives all spans to a document of its own, in order. */
  void copyTo(Node node, String id) {
    parts.forEach(part -> part.copyTo(node, id));
  }
}
