package io.ltri.inference.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Token ids, growing. */
final class TokenBuffer {
  private int[] ids = new int[1024];
  private int size;

  void append(int[] more) {
    if (size + more.length > ids.length) {
      ids = Arrays.copyOf(ids, Math.max(2 * ids.length, size + more.length));
    }
    System.arraycopy(more, 0, ids, size, more.length);
    size += more.length;
  }

  int size() {
    return size;
  }

  int[] toArray() {
    return Arrays.copyOf(ids, size);
  }

  /** int32, little-endian. */
  MemorySegment bytes() {
    MemorySegment bytes = MemorySegment.ofArray(new byte[4 * size]);
    MemorySegment.copy(
        ids, 0, bytes, ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0, size);
    return bytes;
  }

  /** Those that {@link #bytes()} gave. */
  static int[] tokens(MemorySegment bytes) {
    return bytes.toArray(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
  }
}
