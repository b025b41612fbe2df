package io.ltri.inference.retrieval;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The port to an index: documents made of spans that are found by vectors. Every method throws
 * {@link IndexException}; those that say so end within the given time.
 */
public interface SpanIndex extends AutoCloseable {

  /** Starts an empty document, or takes over an unfinished one with the same build key. */
  IndexedDocument create(NewDocument document);

  /** Adds closed spans of one layer, in token order; they can be found when this returns. */
  void append(String documentId, int layer, List<OffloadedSpan> spans);

  /**
   * Makes what was appended so far survive a restart, with what it takes to go on from here.
   *
   * @param tokens of the text so far
   * @param kept tokens of the checkpoints, this one and those before it, that become boundaries of
   *     the sealed document; an earlier one that is left out is none any more
   * @param tail named sections, stored with it as they are
   */
  void checkpoint(String documentId, long tokens, Set<Long> kept, Map<String, MemorySegment> tail);

  /** The same, and nothing is kept. */
  default void checkpoint(String documentId, long tokens, Map<String, MemorySegment> tail) {
    checkpoint(documentId, tokens, Set.of(), tail);
  }

  /**
   * Makes a document durable and unchangeable.
   *
   * @param tail named sections, stored with it as they are
   */
  IndexedDocument seal(String documentId, Seal seal, Map<String, MemorySegment> tail);

  /**
   * All sections of the tail of a sealed document or of its beginning, or of the last checkpoint of
   * one that is being built; little-endian as they were stored.
   */
  default Map<String, MemorySegment> readTail(String documentId) {
    return readTail(documentId, List.of());
  }

  /**
   * The same, only these sections.
   *
   * @param sections empty: all
   */
  Map<String, MemorySegment> readTail(String documentId, List<String> sections);

  /** Opens a stream of look-ups over these documents, or their beginnings, together. */
  LookupStream lookups(List<String> documentIds);

  /** The blocks of these spans, in this order. */
  List<SpanBlock> fetch(String documentId, int layer, int[] spans, Duration deadline);

  IndexedDocument get(String documentId);

  /** Whether the index is asked at present: not while it has failed and does not answer yet. */
  default boolean isAsked() {
    return true;
  }

  /** Whether work that one node has lost can be begun, or gone on with, at another. */
  default boolean hasOtherNodes() {
    return false;
  }

  /** Sealed documents, newest first. */
  List<IndexedDocument> list();

  /**
   * @return bytes freed
   */
  long delete(String documentId);

  @Override
  void close();
}
