package io.ltri.index.store;

import java.util.List;
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
 * @param checkpointTokens while it is being built: tokens of its last checkpoint, as the caller
 *     gave them; 0: none
 * @param boundaries tokens of the places within it where others may begin
 * @param faults what is wrong with its bytes, as far as it is known
 * @param partLayers of one that is split over nodes: the first layer of each part; empty: it is not
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
    Origin origin,
    long checkpointTokens,
    List<Long> boundaries,
    List<String> faults,
    List<Integer> partLayers,
    DocumentFacts facts) {

  /** Of one with no faults, before anything is known that may change. */
  DocumentSummary(
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
      Origin origin,
      long checkpointTokens,
      List<Long> boundaries) {
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
        origin,
        checkpointTokens,
        boundaries,
        List.of(),
        List.of(),
        DocumentFacts.NONE);
  }

  DocumentSummary withFaults(List<String> found) {
    return found.isEmpty() ? this : copy(DocumentState.DAMAGED, found, partLayers, facts);
  }

  DocumentSummary split(List<Integer> firstLayers) {
    return firstLayers.isEmpty() ? this : copy(state, faults, firstLayers, facts);
  }

  DocumentSummary with(DocumentFacts known) {
    return copy(state, faults, partLayers, known);
  }

  private DocumentSummary copy(
      DocumentState now, List<String> found, List<Integer> firstLayers, DocumentFacts known) {
    return new DocumentSummary(
        id,
        now,
        layout,
        attributes,
        createdAtMillis,
        sealedAtMillis,
        spanTokens,
        spans,
        vectors,
        sizeBytes,
        searchMode,
        origin,
        checkpointTokens,
        boundaries,
        found,
        firstLayers,
        known);
  }
}
