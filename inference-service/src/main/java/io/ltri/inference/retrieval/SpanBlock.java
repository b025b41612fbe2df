package io.ltri.inference.retrieval;

import java.lang.foreign.MemorySegment;

/**
 * Keys and values of one span of one layer, as the index stores them.
 *
 * @param start first text position
 * @param end text position after the last
 * @param keys unrotated, [kvHeads, end - start, headDim] in the layout's element type,
 *     little-endian; read only
 * @param values of the same shape
 */
public record SpanBlock(int start, int end, MemorySegment keys, MemorySegment values) {

  public int tokens() {
    return end - start;
  }

  public long sizeBytes() {
    return keys.byteSize() + values.byteSize();
  }
}
