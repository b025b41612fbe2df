package io.ltri.inference.model;

import io.ltri.inference.tensor.GroupedWeight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * How the elements of a tensor are stored. Quantised types store blocks of elements that share one
 * or two scales; the layouts are those of GGML. All are decoded to float32 with the same operations
 * in the same order as GGML's reference, so the results agree to the bit.
 */
enum TensorType {
  F32(0, 1, 4),
  F16(1, 1, 2),
  BF16(30, 1, 2),
  Q4_0(2, 32, 18),
  Q4_1(3, 32, 20),
  Q5_0(6, 32, 22),
  Q5_1(7, 32, 24),
  Q8_0(8, 32, 34),
  Q4_K(12, 256, 144),
  Q5_K(13, 256, 176),
  Q6_K(14, 256, 210);

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  // Adding positive zero would turn a negative zero into a positive one.
  private static final float NOTHING = -0.0f;

  private final int ggmlType;
  private final int blockElements;
  private final int blockBytes;

  TensorType(int ggmlType, int blockElements, int blockBytes) {
    this.ggmlType = ggmlType;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  /**
   * @param type the number that GGUF files use
   */
  static @Nullable TensorType ofGgml(int type) {
    for (TensorType candidate : values()) {
      if (candidate.ggmlType == type) {
        return candidate;
      }
    }
    return null;
  }

  int blockElements() {
    return blockElements;
  }

  int blockBytes() {
    return blockBytes;
  }

  /**
   * @param elements a multiple of {@link #blockElements()}
   */
  long bytes(long elements) {
    return Math.multiplyExact(elements / blockElements, (long) blockBytes);
  }

  /** Elements that share a scale; 0: they have none. */
  int group() {
    return switch (this) {
      case F32, F16, BF16 -> 0;
      case Q6_K -> 16;
      default -> 32;
    };
  }

  /** Of a code, as {@link GroupedWeight} counts them. */
  int codeBits() {
    return switch (this) {
      case Q4_0, Q4_1, Q4_K -> 4;
      default -> 8;
    };
  }

  /**
   * Takes whole blocks apart into codes and what they stand for: an element is {@code scale * code
   * + minimum} of its group, which is what {@link #decode} gives but for the rounding of that sum.
   *
   * @param offset of the first block in the source, bytes
   * @param codes filled from {@code start} on, elements of them
   * @param scales filled from {@code firstGroup} on, as the minima
   * @param elements a multiple of {@link #blockElements()}
   */
  void decodeGroups(
      MemorySegment source,
      long offset,
      byte[] codes,
      int start,
      float[] scales,
      float[] minima,
      int firstGroup,
      int elements) {
    byte[] blocks = new byte[elements / blockElements * blockBytes];
    MemorySegment.copy(source, ValueLayout.JAVA_BYTE, offset, blocks, 0, blocks.length);
    int group = firstGroup;
    int at = 0;
    for (int to = start; to < start + elements; to += blockElements) {
      switch (this) {
        case Q4_0 -> {
          nibbles(blocks, at + 2, codes, to);
          scales[group] = half(blocks, at);
          minima[group] = -8 * scales[group];
        }
        case Q4_1 -> {
          nibbles(blocks, at + 4, codes, to);
          scales[group] = half(blocks, at);
          minima[group] = half(blocks, at + 2);
        }
        case Q5_0 -> {
          fiveBits(blocks, at + 2, -16, codes, to);
          scales[group] = half(blocks, at);
        }
        case Q5_1 -> {
          fiveBits(blocks, at + 4, 0, codes, to);
          scales[group] = half(blocks, at);
          minima[group] = half(blocks, at + 2);
        }
        case Q8_0 -> {
          System.arraycopy(blocks, at + 2, codes, to, 32);
          scales[group] = half(blocks, at);
        }
        case Q4_K, Q5_K -> superBlock(blocks, at, codes, to, scales, minima, group);
        case Q6_K -> sixBitSuperBlock(blocks, at, codes, to, scales, group);
        case F32, F16, BF16 -> throw new AssertionError(this + " has no groups");
      }
      at += blockBytes;
      group += blockElements / group();
    }
  }

  private static void nibbles(byte[] block, int quants, byte[] codes, int to) {
    for (int i = 0; i < 16; i++) {
      codes[to + i] = (byte) (block[quants + i] & 0x0F);
      codes[to + 16 + i] = (byte) ((block[quants + i] >> 4) & 0x0F);
    }
  }

  /** The fifth bits of all 32 elements come first, as one little-endian int. */
  private static void fiveBits(byte[] block, int high, int shift, byte[] codes, int to) {
    int fifth = word(block, high);
    for (int i = 0; i < 16; i++) {
      int pair = block[high + 4 + i];
      codes[to + i] = (byte) (((pair & 0x0F) | ((fifth >>> i) & 1) << 4) + shift);
      codes[to + 16 + i] =
          (byte) ((((pair >> 4) & 0x0F) | ((fifth >>> (i + 16)) & 1) << 4) + shift);
    }
  }

  // 256 elements: scale, scale of minima, 12 bytes with 8 six-bit pairs, with five bits 32 bytes of
  // fifth bits, of which byte i holds element i of each group, and 128 bytes of nibbles. 64
  // elements
  // share 32 bytes: the low nibbles are the first 32 of them.
  private void superBlock(
      byte[] block, int at, byte[] codes, int to, float[] scales, float[] minima, int first) {
    float scale = half(block, at);
    float minimumScale = half(block, at + 2);
    for (int group = 0; group < 8; group++) {
      scales[first + group] = scale * groupScale(block, at + 4, group);
      minima[first + group] = -(minimumScale * groupMinimum(block, at + 4, group));
      int quants = at + (this == Q4_K ? 16 : 48) + 32 * (group / 2);
      int shift = 4 * (group % 2);
      for (int i = 0; i < 32; i++) {
        int fifth = this == Q4_K ? 0 : ((block[at + 16 + i] >> group) & 1) << 4;
        codes[to + 32 * group + i] = (byte) (((block[quants + i] >> shift) & 0x0F) | fifth);
      }
    }
  }

  // 128 bytes of low nibbles, 64 bytes of upper bit pairs, 16 signed scales of 16 elements each,
  // one scale over all. Each half of 128 elements uses 64 bytes of nibbles and 32 bytes of pairs.
  private static void sixBitSuperBlock(
      byte[] block, int at, byte[] codes, int to, float[] scales, int first) {
    float scale = half(block, at + 208);
    for (int i = 0; i < 256; i++) {
      int group = i / 32;
      int part = group % 4;
      int low = block[at + 64 * (group / 4) + 32 * (part % 2) + i % 32] >> (4 * (part / 2));
      int high = block[at + 128 + 32 * (group / 4) + i % 32] >> (2 * part);
      codes[to + i] = (byte) (((low & 0x0F) | (high & 3) << 4) - 32);
      scales[first + i / 16] = scale * block[at + 192 + i / 16];
    }
  }

  /**
   * Decodes whole blocks.
   *
   * @param offset of the first block in the source, bytes
   * @param elements a multiple of {@link #blockElements()}
   * @param out filled from {@code start} on
   */
  void decode(MemorySegment source, long offset, float[] out, int start, int elements) {
    switch (this) {
      case F32 -> MemorySegment.copy(source, FLOAT, offset, out, start, elements);
      case F16 -> {
        short[] halves = new short[elements];
        MemorySegment.copy(source, MappedFile.SHORT, offset, halves, 0, elements);
        for (int i = 0; i < elements; i++) {
          out[start + i] = Float.float16ToFloat(halves[i]);
        }
      }
      case BF16 -> {
        short[] halves = new short[elements];
        MemorySegment.copy(source, MappedFile.SHORT, offset, halves, 0, elements);
        for (int i = 0; i < elements; i++) {
          out[start + i] = Float.intBitsToFloat(halves[i] << 16);
        }
      }
      default -> decodeCodes(source, offset, out, start, elements);
    }
  }

  private void decodeCodes(
      MemorySegment source, long offset, float[] out, int start, int elements) {
    byte[] codes = new byte[elements];
    float[] scales = new float[elements / group()];
    float[] minima = new float[scales.length];
    decodeGroups(source, offset, codes, 0, scales, minima, 0, elements);
    // A zero has the sign of its scale in the reference; adding a minimum of -8 would lose it.
    int shift = this == Q4_0 ? -8 : 0;
    for (int g = 0; g < scales.length; g++) {
      float scale = scales[g];
      float minimum = hasMinima() ? minima[g] : NOTHING;
      for (int i = g * group(); i < (g + 1) * group(); i++) {
        out[start + i] = scale * (codes[i] + shift) + minimum;
      }
    }
  }

  private boolean hasMinima() {
    return switch (this) {
      case Q4_1, Q5_1, Q4_K, Q5_K -> true;
      default -> false;
    };
  }

  // Groups 0 to 3 have their six bits in one byte; 4 to 7 have four bits in the last four bytes and
  // two in the top of the first eight.
  private static int groupScale(byte[] block, int scales, int group) {
    return group < 4
        ? block[scales + group] & 0x3F
        : (block[scales + group + 4] & 0x0F) | ((block[scales + group - 4] >> 2) & 0x30);
  }

  private static int groupMinimum(byte[] block, int scales, int group) {
    return group < 4
        ? block[scales + group + 4] & 0x3F
        : ((block[scales + group + 4] >> 4) & 0x0F) | ((block[scales + group] >> 2) & 0x30);
  }

  private static float half(byte[] block, int at) {
    return Float.float16ToFloat((short) ((block[at] & 0xFF) | block[at + 1] << 8));
  }

  private static int word(byte[] block, int at) {
    return (block[at] & 0xFF)
        | (block[at + 1] & 0xFF) << 8
        | (block[at + 2] & 0xFF) << 16
        | block[at + 3] << 24;
  }
}
