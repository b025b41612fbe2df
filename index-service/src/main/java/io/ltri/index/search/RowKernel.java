package io.ltri.index.search;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The arithmetic of both stages. Lanes run over rows, that is, over the queries of one or more
 * heads that share a KV head; rows are padded to whole vectors. So products with summary vectors or
 * keys need neither these transposed nor sums across lanes, and each product is one chain of fused
 * multiply-adds in the order of the dimensions: the same bits whatever the number of rows, the
 * blocking or the thread.
 */
final class RowKernel {

  static final VectorSpecies<Float> ROWS = FloatVector.SPECIES_PREFERRED;

  private static final int LANES = ROWS.length();
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, ROWS.vectorShape());
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(ROWS.vectorBitSize() / 2));

  /** Vectors of rows that are worked on together. */
  private static final int BLOCK = 2;

  private static final int BF16_SHIFT = 16;

  private RowKernel() {}

  /** The next multiple of the lanes. */
  static int padded(int rows) {
    return (rows + LANES - 1) / LANES * LANES;
  }

  /**
   * Where a row of the queries lies, so that every kernel walks its rows with a constant step:
   * blocks of {@link #BLOCK} vectors of rows as {@code [dim, BLOCK * LANES]}, then what is left as
   * {@code [dim, LANES]} each.
   *
   * @param rows padded
   */
  static int queryOffset(int row, int rows, int dim, int d) {
    int wide = rows / (BLOCK * LANES) * (BLOCK * LANES);
    int width = row < wide ? BLOCK * LANES : LANES;
    int within = row < wide ? row : row - wide;
    return (row < wide ? 0 : wide * dim)
        + within / width * width * dim
        + d * width
        + within % width;
  }

  /**
   * @param queries {@code [rows, dim]}, as {@link #queryOffset} has it
   * @param rows padded
   * @param vectors {@code [count, dim]}
   * @param out {@code [count, rows]}, from {@code outOffset} on
   */
  static void multiply(
      float[] queries, int rows, int dim, float[] vectors, int count, float[] out, int outOffset) {
    int row = 0;
    for (; row + BLOCK * LANES <= rows; row += BLOCK * LANES) {
      int v = 0;
      for (; v + 4 <= count; v += 4) {
        fourByTwo(queries, row * dim, dim, vectors, v * dim, out, outOffset + v * rows + row, rows);
      }
      for (; v < count; v++) {
        for (int i = 0; i < BLOCK; i++) {
          one(
              queries,
              row * dim + i * LANES,
              BLOCK * LANES,
              dim,
              vectors,
              v * dim,
              out,
              outOffset + v * rows + row + i * LANES);
        }
      }
    }
    for (; row < rows; row += LANES) {
      int v = 0;
      for (; v + 8 <= count; v += 8) {
        eight(queries, row * dim, dim, vectors, v * dim, out, outOffset + v * rows + row, rows);
      }
      for (; v < count; v++) {
        one(queries, row * dim, LANES, dim, vectors, v * dim, out, outOffset + v * rows + row);
      }
    }
  }

  /** Four vectors by two lanes' worth of rows: eight sums that do not wait for each other. */
  private static void fourByTwo(
      float[] queries, int from, int dim, float[] vectors, int at, float[] out, int to, int rows) {
    FloatVector a0 = FloatVector.zero(ROWS);
    FloatVector a1 = FloatVector.zero(ROWS);
    FloatVector b0 = FloatVector.zero(ROWS);
    FloatVector b1 = FloatVector.zero(ROWS);
    FloatVector c0 = FloatVector.zero(ROWS);
    FloatVector c1 = FloatVector.zero(ROWS);
    FloatVector d0 = FloatVector.zero(ROWS);
    FloatVector d1 = FloatVector.zero(ROWS);
    for (int d = 0; d < dim; d++) {
      int q = from + d * 2 * LANES;
      FloatVector q0 = FloatVector.fromArray(ROWS, queries, q);
      FloatVector q1 = FloatVector.fromArray(ROWS, queries, q + LANES);
      FloatVector x0 = FloatVector.broadcast(ROWS, vectors[at + d]);
      a0 = q0.fma(x0, a0);
      a1 = q1.fma(x0, a1);
      FloatVector x1 = FloatVector.broadcast(ROWS, vectors[at + dim + d]);
      b0 = q0.fma(x1, b0);
      b1 = q1.fma(x1, b1);
      FloatVector x2 = FloatVector.broadcast(ROWS, vectors[at + 2 * dim + d]);
      c0 = q0.fma(x2, c0);
      c1 = q1.fma(x2, c1);
      FloatVector x3 = FloatVector.broadcast(ROWS, vectors[at + 3 * dim + d]);
      d0 = q0.fma(x3, d0);
      d1 = q1.fma(x3, d1);
    }
    a0.intoArray(out, to);
    a1.intoArray(out, to + LANES);
    b0.intoArray(out, to + rows);
    b1.intoArray(out, to + rows + LANES);
    c0.intoArray(out, to + 2 * rows);
    c1.intoArray(out, to + 2 * rows + LANES);
    d0.intoArray(out, to + 3 * rows);
    d1.intoArray(out, to + 3 * rows + LANES);
  }

  private static void eight(
      float[] queries, int from, int dim, float[] vectors, int at, float[] out, int to, int rows) {
    FloatVector s0 = FloatVector.zero(ROWS);
    FloatVector s1 = FloatVector.zero(ROWS);
    FloatVector s2 = FloatVector.zero(ROWS);
    FloatVector s3 = FloatVector.zero(ROWS);
    FloatVector s4 = FloatVector.zero(ROWS);
    FloatVector s5 = FloatVector.zero(ROWS);
    FloatVector s6 = FloatVector.zero(ROWS);
    FloatVector s7 = FloatVector.zero(ROWS);
    for (int d = 0; d < dim; d++) {
      FloatVector query = FloatVector.fromArray(ROWS, queries, from + d * LANES);
      s0 = query.fma(FloatVector.broadcast(ROWS, vectors[at + d]), s0);
      s1 = query.fma(FloatVector.broadcast(ROWS, vectors[at + dim + d]), s1);
      s2 = query.fma(FloatVector.broadcast(ROWS, vectors[at + 2 * dim + d]), s2);
      s3 = query.fma(FloatVector.broadcast(ROWS, vectors[at + 3 * dim + d]), s3);
      s4 = query.fma(FloatVector.broadcast(ROWS, vectors[at + 4 * dim + d]), s4);
      s5 = query.fma(FloatVector.broadcast(ROWS, vectors[at + 5 * dim + d]), s5);
      s6 = query.fma(FloatVector.broadcast(ROWS, vectors[at + 6 * dim + d]), s6);
      s7 = query.fma(FloatVector.broadcast(ROWS, vectors[at + 7 * dim + d]), s7);
    }
    s0.intoArray(out, to);
    s1.intoArray(out, to + rows);
    s2.intoArray(out, to + 2 * rows);
    s3.intoArray(out, to + 3 * rows);
    s4.intoArray(out, to + 4 * rows);
    s5.intoArray(out, to + 5 * rows);
    s6.intoArray(out, to + 6 * rows);
    s7.intoArray(out, to + 7 * rows);
  }

  private static void one(
      float[] queries, int from, int step, int dim, float[] vectors, int at, float[] out, int to) {
    FloatVector sum = FloatVector.zero(ROWS);
    for (int d = 0; d < dim; d++) {
      FloatVector query = FloatVector.fromArray(ROWS, queries, from + d * step);
      sum = query.fma(FloatVector.broadcast(ROWS, vectors[at + d]), sum);
    }
    sum.intoArray(out, to);
  }

  /** {@code into[i] = from[i]}, or the larger of both, for all rows. */
  static void fold(
      float[] from, int fromOffset, float[] into, int intoOffset, int rows, boolean first) {
    for (int row = 0; row < rows; row += LANES) {
      FloatVector value = FloatVector.fromArray(ROWS, from, fromOffset + row);
      if (!first) {
        value = value.max(FloatVector.fromArray(ROWS, into, intoOffset + row));
      }
      value.intoArray(into, intoOffset + row);
    }
  }

  /** Largest score per row. @param scores {@code [count, rows]} */
  static void largest(float[] scores, int count, int rows, float[] largest) {
    for (int row = 0; row < rows; row += LANES) {
      FloatVector most = FloatVector.broadcast(ROWS, Float.NEGATIVE_INFINITY);
      for (int i = 0, at = row; i < count; i++, at += rows) {
        most = most.max(FloatVector.fromArray(ROWS, scores, at));
      }
      most.intoArray(largest, row);
    }
  }

  /**
   * Replaces scores by exp(score - largest) and adds these up per row, in order.
   *
   * @param scores {@code [count, rows]}
   */
  static void exponentials(float[] scores, int count, int rows, float[] largest, float[] sums) {
    for (int row = 0; row < rows; row += LANES) {
      FloatVector most = FloatVector.fromArray(ROWS, largest, row);
      FloatVector sum = FloatVector.zero(ROWS);
      for (int i = 0, at = row; i < count; i++, at += rows) {
        FloatVector e = Exponential.of(FloatVector.fromArray(ROWS, scores, at).sub(most));
        e.intoArray(scores, at);
        sum = sum.add(e);
      }
      sum.intoArray(sums, row);
    }
  }

  /** The largest of {@code values[i] * factors[i]} over some rows of one vector. */
  static float largestProduct(float[] values, int offset, float[] factors, int from, int rows) {
    float most = 0;
    int row = 0;
    if (rows >= LANES) {
      FloatVector running = FloatVector.zero(ROWS);
      for (; row + LANES <= rows; row += LANES) {
        running =
            running.max(
                FloatVector.fromArray(ROWS, values, offset + row)
                    .mul(FloatVector.fromArray(ROWS, factors, from + row)));
      }
      most = running.reduceLanes(VectorOperators.MAX);
    }
    for (; row < rows; row++) {
      most = Math.max(most, values[offset + row] * factors[from + row]);
    }
    return most;
  }

  /** bf16 is the upper half of fp32. */
  static void decodeBf16(MemorySegment from, long offset, int count, float[] to, int toOffset) {
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      IntVector bits =
          (IntVector)
              ShortVector.fromMemorySegment(SHORTS, from, offset + 2L * i, ByteOrder.LITTLE_ENDIAN)
                  .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
      bits.lanewise(VectorOperators.LSHL, BF16_SHIFT)
          .reinterpretAsFloats()
          .intoArray(to, toOffset + i);
    }
    for (; i < count; i++) {
      int bits =
          Byte.toUnsignedInt(from.get(java.lang.foreign.ValueLayout.JAVA_BYTE, offset + 2L * i))
              | Byte.toUnsignedInt(
                      from.get(java.lang.foreign.ValueLayout.JAVA_BYTE, offset + 2L * i + 1))
                  << 8;
      to[toOffset + i] = Float.intBitsToFloat(bits << BF16_SHIFT);
    }
  }
}
