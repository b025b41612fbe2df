package io.ltri.inference.attention;

import io.ltri.inference.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Between float32 values that are already rounded to a storage type and that type's bytes: exact
 * both ways. bfloat16 is the upper half of a float32.
 *
 * <p>Four elements at a time in plain 64-bit arithmetic, which is quick before it is compiled with
 * all optimizations, too: right after a start hundreds of spans are decoded for the first token.
 */
final class StorageCodec {
  private static final int LANES = 4;
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ORDER);
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private StorageCodec() {}

  /** Bytes to float32. Offsets in bytes, count in elements. */
  static void decode(
      StorageType type,
      MemorySegment bytes,
      long bytesOffset,
      MemorySegment floats,
      long floatsOffset,
      int count) {
    if (type == StorageType.FP32) {
      MemorySegment.copy(bytes, bytesOffset, floats, floatsOffset, 4L * count);
      return;
    }
    int i = 0;
    for (; i <= count - LANES; i += LANES) {
      long halves = bytes.get(LONG, bytesOffset + 2L * i);
      long at = floatsOffset + 4L * i;
      floats.set(LONG, at, ((halves & 0xFFFFL) << 16) | ((halves & 0xFFFF_0000L) << 32));
      floats.set(
          LONG, at + 8, ((halves >>> 16) & 0xFFFF_0000L) | (halves & 0xFFFF_0000_0000_0000L));
    }
    for (; i < count; i++) {
      int bits = bytes.get(SHORT, bytesOffset + 2L * i) << 16;
      floats.set(FLOAT, floatsOffset + 4L * i, Float.intBitsToFloat(bits));
    }
  }

  /** Float32 to bytes. */
  static void encode(
      StorageType type,
      MemorySegment floats,
      long floatsOffset,
      MemorySegment bytes,
      long bytesOffset,
      int count) {
    if (type == StorageType.FP32) {
      MemorySegment.copy(floats, floatsOffset, bytes, bytesOffset, 4L * count);
      return;
    }
    int i = 0;
    for (; i <= count - LANES; i += LANES) {
      long at = floatsOffset + 4L * i;
      long first = floats.get(LONG, at);
      long second = floats.get(LONG, at + 8);
      bytes.set(
          LONG,
          bytesOffset + 2L * i,
          ((first >>> 16) & 0xFFFFL)
              | ((first >>> 32) & 0xFFFF_0000L)
              | ((second << 16) & 0xFFFF_0000_0000L)
              | (second & 0xFFFF_0000_0000_0000L));
    }
    for (; i < count; i++) {
      int bits = Float.floatToRawIntBits(floats.get(FLOAT, floatsOffset + 4L * i));
      bytes.set(SHORT, bytesOffset + 2L * i, (short) (bits >>> 16));
    }
  }
}
