package io.ltri.inference.retrieval;

import java.util.Map;

/** A document as the index knows it. */
public record IndexedDocument(
    String id,
    boolean sealed,
    BlockLayout layout,
    Map<String, String> attributes,
    long createdAtMillis,
    long spans,
    long sizeBytes,
    String searchMode) {}
