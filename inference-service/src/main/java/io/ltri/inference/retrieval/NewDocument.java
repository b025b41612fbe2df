package io.ltri.inference.retrieval;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An empty document to be made in the index.
 *
 * @param ephemeral private to one sequence: not listed, gone with a restart of the index
 * @param tenant whose bytes these are; empty: nobody's in particular
 * @param buildKey names the work: an unfinished document with this key is returned as of its last
 *     checkpoint; empty: always a new one
 * @param replicas nodes of a cluster that are to serve it; 0: as its parent, or as all documents
 * @param parentId sealed document that this one continues, or the name of its beginning, or null
 */
public record NewDocument(
    BlockLayout layout,
    Map<String, String> attributes,
    boolean ephemeral,
    String tenant,
    String buildKey,
    int replicas,
    @Nullable String parentId) {

  /** One that asks for no number of replicas. */
  public NewDocument(
      BlockLayout layout,
      Map<String, String> attributes,
      boolean ephemeral,
      String tenant,
      String buildKey,
      @Nullable String parentId) {
    this(layout, attributes, ephemeral, tenant, buildKey, 0, parentId);
  }

  /** A private one without a past. */
  public static NewDocument ephemeral(BlockLayout layout) {
    return new NewDocument(layout, Map.of(), true, "", "", null);
  }
}
