package io.ltri.inference.retrieval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A document as the index knows it.
 *
 * @param id its id; of a {@link #beginning}, the name of that
 * @param ancestors the documents that it continues, or their beginnings, the first of them first;
 *     searched with it
 * @param sizeBytes of its own files
 * @param checkpointTokens of one that is being built: as far as its last checkpoint; 0: none
 * @param boundaries tokens of the places within it behind which others can go on
 * @param partLayers of one that is split over nodes: the first layer of each part; empty: it is not
 * @param replicas nodes of a cluster that are to serve it; 0: as many as of every document
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
    List<Long> boundaries,
    Life life,
    List<Integer> partLayers,
    int replicas) {

  /** One that lies on its nodes as a whole, on as many as every document. */
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
      List<Long> boundaries,
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
        boundaries,
        life,
        List.of(),
        0);
  }

  /** Between an id and the tokens of a beginning. */
  private static final char AT = '@';

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

  /** The document that it continues, all of it or its beginning. */
  public @Nullable String parentId() {
    return ancestors.isEmpty() ? null : idOf(ancestors.getLast());
  }

  /**
   * Its beginning, up to a boundary, as if it ended there: what goes on from it reads and searches
   * that and nothing behind it.
   *
   * @param tokens one of {@link #boundaries}
   * @param ofBeginning attributes that are others for the beginning
   */
  public IndexedDocument beginning(long tokens, Map<String, String> ofBeginning) {
    Map<String, String> all = new HashMap<>(attributes);
    all.putAll(ofBeginning);
    return new IndexedDocument(
        id + AT + tokens,
        sealed,
        layout,
        Map.copyOf(all),
        ancestors,
        tenant,
        createdAtMillis,
        spans,
        sizeBytes,
        searchMode,
        checkpointTokens,
        List.of(),
        life,
        partLayers,
        replicas);
  }

  /** The document that is named, all of it or its beginning. */
  public static String idOf(String name) {
    int at = name.indexOf(AT);
    return at < 0 ? name : name.substring(0, at);
  }

  /** Where the beginning that is named ends; 0: it is all of a document. */
  public static long tokensOf(String name) {
    int at = name.indexOf(AT);
    return at < 0 ? 0 : Long.parseLong(name.substring(at + 1));
  }
}
