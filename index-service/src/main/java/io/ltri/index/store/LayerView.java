package io.ltri.index.store;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One layer of an open document: its spans as they were when the view was taken. Valid until the
 * {@link OpenDocument} is closed. Any thread may read it.
 */
public interface LayerView {

  /** How keys and values are stored. */
  StorageType storageType();

  int spanCount();

  int vectorCount();

  /** All that the span table says of a span. */
  SpanRecord record(int span);

  /** First token of the span. */
  int start(int span);

  /** One after the last token of the span. */
  int end(int span);

  /**
   * Ordinal of the span's first summary vector. Those of span 0 come first, then those of span 1,
   * and so on.
   */
  int firstVector(int span);

  int vectorCount(int span);

  /** The summary vectors of a KV head, in order of ordinals. */
  List<VectorRun> runs(int kvHead);

  /** The same vectors in 8 bits, see {@link SummaryCodes}. */
  List<CodeRun> codes(int kvHead);

  /**
   * Storage type, {@code [kvHeads, tokens, headDim]}; verified against the checksum when first
   * read.
   */
  MemorySegment keys(int span);

  /** As the keys. */
  MemorySegment values(int span);

  /** The search graph of a KV head; null when the document is scanned. */
  @Nullable VectorGraph graph(int kvHead);

  /**
   * Vectors that lie side by side.
   *
   * @param first ordinal of the first
   * @param vectors float32 {@code [count, headDim]}
   */
  record VectorRun(int first, int count, MemorySegment vectors) {}

  /**
   * Blocks of codes that lie side by side.
   *
   * @param first ordinal of the first vector, a multiple of {@link SummaryCodes#BLOCK}
   * @param count vectors; a run that another follows has whole blocks
   */
  record CodeRun(int first, int count, MemorySegment blocks) {}

  /** The graph over the vectors of one KV head. */
  interface VectorGraph {

    /**
     * @param query {@code [headDim]}
     * @return ordinals of (nearly) the vectors with the largest products, at most {@code count}, in
     *     no order
     */
    int[] nearest(float[] query, int count);
  }
}
