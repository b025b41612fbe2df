package io.ltri.inference.attention;

import io.ltri.inference.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Between float32 values that are already rounded to a storage type and that type's bytes: exact
 * both ways. bfloat16 is the upper half of a float32.
 */
final class StorageCodec {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(
          short.class, jdk.incubator.vector.VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);
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
    for (; i <= count - FLOATS.length(); i += FLOATS.length()) {
      ShortVector upper = ShortVector.fromMemorySegment(SHORTS, bytes, bytesOffset + 2L * i, ORDER);
      IntVector wide = (IntVector) upper.convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
      wide.lanewise(VectorOperators.LSHL, 16)
          .intoMemorySegment(floats, floatsOffset + 4L * i, ORDER);
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
    for (; i <= count - FLOATS.length(); i += FLOATS.length()) {
      IntVector wide = IntVector.fromMemorySegment(INTS, floats, floatsOffset + 4L * i, ORDER);
      wide.lanewise(VectorOperators.LSHR, 16)
          .convertShape(VectorOperators.I2S, SHORTS, 0)
          .reinterpretAsShorts()
          .intoMemorySegment(bytes, bytesOffset + 2L * i, ORDER);
    }
    for (; i < count; i++) {
      int bits = Float.floatToRawIntBits(floats.get(FLOAT, floatsOffset + 4L * i));
      bytes.set(SHORT, bytesOffset + 2L * i, (short) (bits >>> 16));
    }
  }
}
