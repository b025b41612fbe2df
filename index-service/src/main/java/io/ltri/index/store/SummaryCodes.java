package io.ltri.index.store;

import io.ltri.index.store.LayerView.VectorRun;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Summary vectors in 8 bits, by which spans are scanned: a quarter of the bytes of float32, and
 * they lie side by side in the lanes of a processor.
 *
 * <p>A vector is rotated, so that no dimension is much larger than the others (keys of language
 * models have a few that are), and each of its numbers becomes {@code code * scale}, where scale is
 * the largest of them, without its sign, by 127. The rotation is a Hadamard transform over each
 * {@link #group} of dimensions, which is its own inverse and leaves inner products as they are: so
 * a query is rotated too, and not the products. The code of a vector depends on nothing else.
 *
 * <p>Vectors lie in blocks of {@link #BLOCK}: the scales, float32 {@code [BLOCK]}, then the codes,
 * int8 {@code [headDim, BLOCK]}. What is behind the last vector is of no meaning.
 */
public final class SummaryCodes {

  /** Vectors of a block. */
  public static final int BLOCK = 64;

  /** The codes of a block begin here: behind its scales. */
  public static final int CODES = BLOCK * Float.BYTES;

  private static final float MOST = 127;

  private final float[] rotated;

  /** Scratch of one thread, for vectors of so many dimensions. */
  public SummaryCodes(int headDim) {
    this.rotated = new float[headDim];
  }

  /** Bytes of a block; a multiple of 64. */
  public static int blockBytes(int headDim) {
    return CODES + headDim * BLOCK;
  }

  /** Bytes of the blocks of so many vectors. */
  public static long bytes(int vectors, int headDim) {
    return (long) Math.ceilDiv(vectors, BLOCK) * blockBytes(headDim);
  }

  /** Dimensions that are rotated together: the largest power of two that divides all. */
  private static int group(int headDim) {
    return Integer.lowestOneBit(headDim);
  }

  /** Rotates the numbers of a vector, or of a query, in place. */
  public static void rotate(float[] numbers, int from, int headDim) {
    int group = group(headDim);
    for (int half = 1; half < group; half *= 2) {
      for (int at = from; at < from + headDim; at += 2 * half) {
        for (int i = at; i < at + half; i++) {
          float a = numbers[i];
          float b = numbers[i + half];
          numbers[i] = a + b;
          numbers[i + half] = a - b;
        }
      }
    }
    float norm = (float) (1 / Math.sqrt(group));
    for (int i = from; i < from + headDim; i++) {
      numbers[i] *= norm;
    }
  }

  /**
   * Writes the codes of a vector into its column of a block.
   *
   * @param vectors float32
   * @param offset of the vector, in bytes
   * @param block where the block begins
   * @param column which vector of the block it is
   */
  public void encode(
      MemorySegment vectors, long offset, MemorySegment into, long block, int column) {
    MemorySegment.copy(vectors, Bytes.FLOAT, offset, rotated, 0, rotated.length);
    rotate(rotated, 0, rotated.length);
    float most = 0;
    for (float number : rotated) {
      most = Math.max(most, Math.abs(number));
    }
    // So small that one by it would be infinite: as good as zero.
    boolean none = most < Float.MIN_NORMAL * MOST;
    float inverse = none ? 0 : MOST / most;
    into.set(Bytes.FLOAT, block + (long) column * Float.BYTES, none ? 0 : most / MOST);
    long at = block + CODES + column;
    for (int d = 0; d < rotated.length; d++) {
      into.set(
          ValueLayout.JAVA_BYTE,
          at + (long) d * BLOCK,
          (byte) Math.rint((double) (rotated[d] * inverse)));
    }
  }

  /** Fills blocks with the codes of all these vectors. */
  public static void encode(List<VectorRun> runs, MemorySegment blocks, int headDim) {
    SummaryCodes codes = new SummaryCodes(headDim);
    for (VectorRun run : runs) {
      for (int i = 0; i < run.count(); i++) {
        int vector = run.first() + i;
        codes.encode(
            run.vectors(),
            (long) i * headDim * Float.BYTES,
            blocks,
            (long) (vector / BLOCK) * blockBytes(headDim),
            vector % BLOCK);
      }
    }
  }

  /** The vector that a column of a block stands for, as it was before the rotation, nearly. */
  public static float[] decode(MemorySegment from, long block, int column, int headDim) {
    float[] vector = new float[headDim];
    float scale = from.get(Bytes.FLOAT, block + (long) column * Float.BYTES);
    for (int d = 0; d < headDim; d++) {
      vector[d] =
          from.get(ValueLayout.JAVA_BYTE, block + CODES + column + (long) d * BLOCK) * scale;
    }
    rotate(vector, 0, headDim);
    return vector;
  }
}
