package io.ltri.inference.retrieval;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The port to an index: documents made of spans that are found by vectors. Every method throws
 * {@link IndexException}; those that say so end within the given time.
 */
public interface SpanIndex extends AutoCloseable {

  /**
   * Starts an empty document.
   *
   * @param ephemeral private to one sequence: never sealed or listed
   */
  IndexedDocument create(BlockLayout layout, Map<String, String> attributes, boolean ephemeral);

  /** Adds closed spans of one layer, in token order; they can be found when this returns. */
  void append(String documentId, int layer, List<OffloadedSpan> spans);

  /**
   * Makes a document durable and unchangeable.
   *
   * @param tail named sections, stored with it as they are
   */
  IndexedDocument seal(
      String documentId, Map<String, String> attributes, Map<String, MemorySegment> tail);

  /** All sections of the tail of a sealed document, little-endian as they were sealed. */
  Map<String, MemorySegment> readTail(String documentId);

  /** These sections of the tail of a sealed document and no others. */
  default Map<String, MemorySegment> readTail(String documentId, List<String> sections) {
    Map<String, MemorySegment> tail = new LinkedHashMap<>(readTail(documentId));
    tail.keySet().retainAll(sections);
    return tail;
  }

  /** Opens a stream of look-ups over these documents together. */
  LookupStream lookups(List<String> documentIds);

  /** The blocks of these spans, in this order. */
  List<SpanBlock> fetch(String documentId, int layer, int[] spans, Duration deadline);

  IndexedDocument get(String documentId);

  /** Sealed documents, newest first. */
  List<IndexedDocument> list();

  /**
   * @return bytes freed
   */
  long delete(String documentId);

  @Override
  void close();
}
