package io.ltri.index.store;

import io.ltri.placement.Shards;
import java.util.Map;

/**
 * A document to be begun.
 *
 * @param ephemeral a private delta of one sequence: not listed, gone with a restart
 * @param buildKey names the work: an unfinished build of the same tenant with this key is taken
 *     over; empty: always a new one
 * @param replicas nodes of a cluster that are to serve it; 0: as its parent, or as all documents
 */
public record NewDocument(
    DocumentLayout layout,
    Map<String, String> attributes,
    boolean ephemeral,
    String buildKey,
    Origin origin,
    int replicas) {

  /** One that asks for no number of replicas. */
  public NewDocument(
      DocumentLayout layout,
      Map<String, String> attributes,
      boolean ephemeral,
      String buildKey,
      Origin origin) {
    this(layout, attributes, ephemeral, buildKey, origin, 0);
  }

  public NewDocument {
    attributes = Map.copyOf(attributes);
    if (ephemeral && !buildKey.isEmpty()) {
      throw new InvalidInputException(
          "an ephemeral document goes with its sequence and can not be taken up again: leave out build_key, or ephemeral");
    }
    try {
      Shards.requireFactor(replicas);
    } catch (IllegalArgumentException e) {
      throw new InvalidInputException(String.valueOf(e.getMessage()));
    }
    int ofParent = Shards.replicas(origin.parentId());
    if (replicas > 0 && origin.hasParent() && replicas != ofParent) {
      throw new InvalidInputException(
          "document %s has %s, and what continues it lies beside it: leave out replicas, or read the whole text as a new document"
              .formatted(
                  origin.parentId(),
                  ofParent == 0 ? "the cluster's number of replicas" : ofParent + " replicas"));
    }
  }
}
