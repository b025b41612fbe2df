package io.ltri.inference.retrieval;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A document as the index knows it.
 *
 * @param ancestors the documents that it continues, the first of them first; searched with it
 * @param sizeBytes of its own files
 * @param checkpointTokens of one that is being built: as far as its last checkpoint; 0: none
 * @param partLayers of one that is split over nodes: the first layer of each part; empty: it is not
 */
public record IndexedDocument(
    String id,
    boolean sealed,
    BlockLayout layout,
    Map<String, String> attributes,
    List<String> ancestors,
    String tenant,
    long createdAtMillis,
    long spans,
    long sizeBytes,
    String searchMode,
    long checkpointTokens,
    Life life,
    List<Integer> partLayers) {

  /** One that lies on its nodes as a whole. */
  public IndexedDocument(
      String id,
      boolean sealed,
      BlockLayout layout,
      Map<String, String> attributes,
      List<String> ancestors,
      String tenant,
      long createdAtMillis,
      long spans,
      long sizeBytes,
      String searchMode,
      long checkpointTokens,
      Life life) {
    this(
        id,
        sealed,
        layout,
        attributes,
        ancestors,
        tenant,
        createdAtMillis,
        spans,
        sizeBytes,
        searchMode,
        checkpointTokens,
        life,
        List.of());
  }

  /**
   * What may change of a sealed document.
   *
   * @param lastUsedAtMillis 0: not known
   * @param expiresAtMillis 0: never
   * @param extendByMillis each use moves the end so far; 0: it stays
   * @param faults what a checksum found wrong
   */
  public record Life(
      long lastUsedAtMillis,
      long expiresAtMillis,
      long extendByMillis,
      boolean pinned,
      Map<String, String> labels,
      List<String> faults) {

    public static final Life NEW = new Life(0, 0, 0, false, Map.of(), List.of());
  }

  /** The documents with spans that a sequence over this one searches, in text order. */
  public List<String> searched() {
    List<String> searched = new ArrayList<>(ancestors);
    if (spans > 0) {
      searched.add(id);
    }
    return searched;
  }

  public @Nullable String parentId() {
    return ancestors.isEmpty() ? null : ancestors.getLast();
  }
}
