package io.ltri.index.search;

import io.ltri.index.store.SummaryCodes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The arithmetic of stage one: queries times the vectors of a block of {@link SummaryCodes}. Lanes
 * run over the vectors, so that no sum goes across lanes and no lane is padding; each product is
 * one chain of fused multiply-adds in the order of the dimensions, and then times the scale: the
 * same bits whatever the processor or the number of queries.
 */
final class CodeKernel {

  private static final int BLOCK = SummaryCodes.BLOCK;

  private static final VectorSpecies<Float> LANES = RowKernel.ROWS;

  /** The smallest vector of bytes has eight; on a processor with four lanes it serves twice. */
  private static final VectorSpecies<Byte> BYTES =
      LANES.length() >= 8
          ? VectorSpecies.of(byte.class, VectorShape.forBitSize(8 * LANES.length()))
          : ByteVector.SPECIES_64;

  /** Vectors of a block that are worked on together. */
  private static final int STEP = 2 * LANES.length();

  private CodeKernel() {}

  /**
   * @param queries rotated, {@code [rows, dim]}, from {@code firstQuery} on
   * @param block where the block begins in {@code blocks}
   * @param out {@code [rows, outStride]}; {@link SummaryCodes#BLOCK} of each row are written, from
   *     {@code outOffset} on
   */
  static void multiply(
      float[] queries,
      int firstQuery,
      int rows,
      int dim,
      MemorySegment blocks,
      long block,
      float[] out,
      int outOffset,
      int outStride) {
    for (int column = 0; column < BLOCK; column += STEP) {
      int row = 0;
      for (; row + 3 <= rows; row += 3) {
        int q = firstQuery + row * dim;
        three(queries, q, dim, blocks, block, column, out, outOffset + row * outStride, outStride);
      }
      for (; row < rows; row++) {
        int q = firstQuery + row * dim;
        one(queries, q, dim, blocks, block, column, out, outOffset + row * outStride);
      }
    }
  }

  /** Puts the vectors of a block side by side: {@code [BLOCK, dim]}, rotated as they are. */
  static void decode(MemorySegment blocks, long block, int dim, float[] out) {
    float[] scales = new float[BLOCK];
    MemorySegment.copy(blocks, SpanSearch.FLOAT, block, scales, 0, BLOCK);
    byte[] codes = new byte[BLOCK];
    for (int d = 0; d < dim; d++) {
      long at = block + SummaryCodes.CODES + (long) d * BLOCK;
      MemorySegment.copy(blocks, ValueLayout.JAVA_BYTE, at, codes, 0, BLOCK);
      for (int i = 0, to = d; i < BLOCK; i++, to += dim) {
        out[to] = codes[i] * scales[i];
      }
    }
  }

  /** Where the vector of bytes begins that holds the codes of some columns. */
  private static long codes(long block, int column) {
    return block + SummaryCodes.CODES + column - part(column) * LANES.length();
  }

  private static int part(int column) {
    return BYTES.length() == LANES.length() ? 0 : column % BYTES.length() / LANES.length();
  }

  private static FloatVector codes(MemorySegment blocks, long at, int part) {
    return (FloatVector)
        ByteVector.fromMemorySegment(BYTES, blocks, at, ByteOrder.LITTLE_ENDIAN)
            .convertShape(VectorOperators.B2F, LANES, part);
  }

  private static FloatVector scales(MemorySegment blocks, long block, int column) {
    return FloatVector.fromMemorySegment(
        LANES, blocks, block + (long) column * Float.BYTES, ByteOrder.LITTLE_ENDIAN);
  }

  /** Three queries by two lanes' worth of vectors: six sums that do not wait for each other. */
  private static void three(
      float[] queries,
      int q,
      int dim,
      MemorySegment blocks,
      long block,
      int column,
      float[] out,
      int to,
      int outStride) {
    FloatVector a0 = FloatVector.zero(LANES);
    FloatVector a1 = FloatVector.zero(LANES);
    FloatVector b0 = FloatVector.zero(LANES);
    FloatVector b1 = FloatVector.zero(LANES);
    FloatVector c0 = FloatVector.zero(LANES);
    FloatVector c1 = FloatVector.zero(LANES);
    int second = column + LANES.length();
    long at0 = codes(block, column);
    long at1 = codes(block, second);
    for (int d = 0; d < dim; d++) {
      FloatVector x0 = codes(blocks, at0 + (long) d * BLOCK, part(column));
      FloatVector x1 = codes(blocks, at1 + (long) d * BLOCK, part(second));
      FloatVector a = FloatVector.broadcast(LANES, queries[q + d]);
      a0 = x0.fma(a, a0);
      a1 = x1.fma(a, a1);
      FloatVector b = FloatVector.broadcast(LANES, queries[q + dim + d]);
      b0 = x0.fma(b, b0);
      b1 = x1.fma(b, b1);
      FloatVector c = FloatVector.broadcast(LANES, queries[q + 2 * dim + d]);
      c0 = x0.fma(c, c0);
      c1 = x1.fma(c, c1);
    }
    FloatVector scale0 = scales(blocks, block, column);
    FloatVector scale1 = scales(blocks, block, second);
    a0.mul(scale0).intoArray(out, to + column);
    a1.mul(scale1).intoArray(out, to + second);
    b0.mul(scale0).intoArray(out, to + outStride + column);
    b1.mul(scale1).intoArray(out, to + outStride + second);
    c0.mul(scale0).intoArray(out, to + 2 * outStride + column);
    c1.mul(scale1).intoArray(out, to + 2 * outStride + second);
  }

  private static void one(
      float[] queries,
      int q,
      int dim,
      MemorySegment blocks,
      long block,
      int column,
      float[] out,
      int to) {
    FloatVector a0 = FloatVector.zero(LANES);
    FloatVector a1 = FloatVector.zero(LANES);
    int second = column + LANES.length();
    long at0 = codes(block, column);
    long at1 = codes(block, second);
    for (int d = 0; d < dim; d++) {
      FloatVector a = FloatVector.broadcast(LANES, queries[q + d]);
      a0 = codes(blocks, at0 + (long) d * BLOCK, part(column)).fma(a, a0);
      a1 = codes(blocks, at1 + (long) d * BLOCK, part(second)).fma(a, a1);
    }
    a0.mul(scales(blocks, block, column)).intoArray(out, to + column);
    a1.mul(scales(blocks, block, second)).intoArray(out, to + second);
  }
}
