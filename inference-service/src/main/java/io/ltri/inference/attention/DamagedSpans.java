package io.ltri.inference.attention;

import io.ltri.inference.retrieval.Candidate;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Spans whose blocks the index found damaged, which a sequence does without. One thread. */
final class DamagedSpans {
  private record Key(String documentId, int layer, int span) {}

  private final Set<Key> keys = new HashSet<>();

  void add(String documentId, int layer, int span) {
    keys.add(new Key(documentId, layer, span));
  }

  /** The candidates that are sound, as far as is known. */
  List<Candidate> without(List<Candidate> candidates, List<String> documentIds, int layer) {
    if (keys.isEmpty()) {
      return candidates;
    }
    return candidates.stream()
        .filter(
            candidate ->
                !keys.contains(
                    new Key(documentIds.get(candidate.document()), layer, candidate.span())))
        .toList();
  }
}
