package io.ltri.index.store;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What can be said of a document without opening it.
 *
 * @param sealedAtMillis 0 while it is being built
 * @param spanTokens tokens covered by spans, of the layer that has most
 * @param spans over all layers
 * @param vectors over all layers; each counts once, not once per KV head
 * @param searchMode null while it is being built
 * @param facts what may change of it
 */
public record DocumentSummary(
    String id,
    DocumentState state,
    DocumentLayout layout,
    Map<String, String> attributes,
    long createdAtMillis,
    long sealedAtMillis,
    long spanTokens,
    long spans,
    long vectors,
    long sizeBytes,
    @Nullable SearchMode searchMode,
    DocumentFacts facts) {

  /** Before anything is known that may change. */
  public DocumentSummary(
      String id,
      DocumentState state,
      DocumentLayout layout,
      Map<String, String> attributes,
      long createdAtMillis,
      long sealedAtMillis,
      long spanTokens,
      long spans,
      long vectors,
      long sizeBytes,
      @Nullable SearchMode searchMode) {
    this(
        id,
        state,
        layout,
        attributes,
        createdAtMillis,
        sealedAtMillis,
        spanTokens,
        spans,
        vectors,
        sizeBytes,
        searchMode,
        DocumentFacts.NONE);
  }

  DocumentSummary with(DocumentFacts known) {
    return new DocumentSummary(
        id,
        state,
        layout,
        attributes,
        createdAtMillis,
        sealedAtMillis,
        spanTokens,
        spans,
        vectors,
        sizeBytes,
        searchMode,
        known);
  }
}
