package io.ltri.inference.span;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Where the keys of a layer lie. Keys are those before rotation (RoPE), so that a vector made of
 * them does not depend on where its span stands.
 *
 * @param keys float32 [kvHeads, capacity, headDim], row-major, native byte order; only read, and
 *     only during a call
 * @param base text position of the key at index 0: the key of position p lies at index p - base
 */
public record KeySource(MemorySegment keys, int kvHeads, int capacity, int headDim, int base) {

  public KeySource {
    long needed = (long) kvHeads * capacity * headDim * Float.BYTES;
    if (kvHeads < 1 || capacity < 0 || headDim < 1 || keys.byteSize() < needed) {
      throw new IllegalArgumentException(
          "keys of shape [%d, %d, %d] need %d bytes, the segment has %d"
              .formatted(kvHeads, capacity, headDim, needed, keys.byteSize()));
    }
  }

  /**
   * Copies the keys of tokens [start, end) of one KV head.
   *
   * @param destination at least [end - start, headDim], row-major
   */
  void copy(int head, int start, int end, float[] destination) {
    if (start < base || end - base > capacity) {
      throw new IndexOutOfBoundsException(
          "keys of tokens [%d, %d) were asked for, but those at hand are [%d, %d)"
              .formatted(start, end, base, base + capacity));
    }
    long first = ((long) head * capacity + (start - base)) * headDim;
    MemorySegment.copy(
        keys,
        ValueLayout.JAVA_FLOAT_UNALIGNED,
        first * Float.BYTES,
        destination,
        0,
        (end - start) * headDim);
  }
}
