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
  private static final int BF16_SHIFT = 16;

  private RowKernel() {}

  /** The next multiple of the lanes. */
  static int padded(int rows) {
    return (rows + LANES - 1) / LANES * LANES;
  }

  /**
   * @param queries {@code [dim, rows]}, rows padded
   * @param vectors {@code [count, dim]}
   * @param out {@code [count, rows]}, from {@code outOffset} on
   */
  static void multiply(
      float[] queries, int rows, int dim, float[] vectors, int count, float[] out, int outOffset) {
    int row = 0;
    for (; row + 2 * LANES <= rows; row += 2 * LANES) {
      int v = 0;
      for (; v + 4 <= count; v += 4) {
        fourByTwo(queries, row, rows, dim, vectors, v * dim, out, outOffset + v * rows + row);
      }
      for (; v < count; v++) {
        one(queries, row, rows, dim, vectors, v * dim, out, outOffset + v * rows + row);
        one(
            queries,
            row + LANES,
            rows,
            dim,
            vectors,
            v * dim,
            out,
            outOffset + v * rows + row + LANES);
      }
    }
    if (row < rows) {
      int v = 0;
      for (; v + 8 <= count; v += 8) {
        eight(queries, row, rows, dim, vectors, v * dim, out, outOffset + v * rows + row);
      }
      for (; v < count; v++) {
        one(queries, row, rows, dim, vectors, v * dim, out, outOffset + v * rows + row);
      }
    }
  }

  /**
   * Four vectors by two lanes' worth of rows: eight independent chains keep both multipliers busy.
   */
  private static void fourByTwo(
      float[] queries, int row, int rows, int dim, float[] vectors, int at, float[] out, int to) {
    FloatVector a0 = FloatVector.zero(ROWS);
    FloatVector a1 = FloatVector.zero(ROWS);
    FloatVector b0 = FloatVector.zero(ROWS);
    FloatVector b1 = FloatVector.zero(ROWS);
    FloatVector c0 = FloatVector.zero(ROWS);
    FloatVector c1 = FloatVector.zero(ROWS);
    FloatVector d0 = FloatVector.zero(ROWS);
    FloatVector d1 = FloatVector.zero(ROWS);
    int q = row;
    for (int d = 0; d < dim; d++, q += rows) {
      FloatVector q0 = FloatVector.fromArray(ROWS, queries, q);
      FloatVector q1 = FloatVector.fromArray(ROWS, queries, q + LANES);
      FloatVector a = FloatVector.broadcast(ROWS, vectors[at + d]);
      a0 = q0.fma(a, a0);
      a1 = q1.fma(a, a1);
      FloatVector b = FloatVector.broadcast(ROWS, vectors[at + dim + d]);
      b0 = q0.fma(b, b0);
      b1 = q1.fma(b, b1);
      FloatVector c = FloatVector.broadcast(ROWS, vectors[at + 2 * dim + d]);
      c0 = q0.fma(c, c0);
      c1 = q1.fma(c, c1);
      FloatVector e = FloatVector.broadcast(ROWS, vectors[at + 3 * dim + d]);
      d0 = q0.fma(e, d0);
      d1 = q1.fma(e, d1);
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
      float[] queries, int row, int rows, int dim, float[] vectors, int at, float[] out, int to) {
    FloatVector a0 = FloatVector.zero(ROWS);
    FloatVector a1 = FloatVector.zero(ROWS);
    FloatVector a2 = FloatVector.zero(ROWS);
    FloatVector a3 = FloatVector.zero(ROWS);
    FloatVector a4 = FloatVector.zero(ROWS);
    FloatVector a5 = FloatVector.zero(ROWS);
    FloatVector a6 = FloatVector.zero(ROWS);
    FloatVector a7 = FloatVector.zero(ROWS);
    int q = row;
    for (int d = 0; d < dim; d++, q += rows) {
      FloatVector query = FloatVector.fromArray(ROWS, queries, q);
      a0 = query.fma(FloatVector.broadcast(ROWS, vectors[at + d]), a0);
      a1 = query.fma(FloatVector.broadcast(ROWS, vectors[at + dim + d]), a1);
      a2 = query.fma(FloatVector.broadcast(ROWS, vectors[at + 2 * dim + d]), a2);
      a3 = query.fma(FloatVector.broadcast(ROWS, vectors[at + 3 * dim + d]), a3);
      a4 = query.fma(FloatVector.broadcast(ROWS, vectors[at + 4 * dim + d]), a4);
      a5 = query.fma(FloatVector.broadcast(ROWS, vectors[at + 5 * dim + d]), a5);
      a6 = query.fma(FloatVector.broadcast(ROWS, vectors[at + 6 * dim + d]), a6);
      a7 = query.fma(FloatVector.broadcast(ROWS, vectors[at + 7 * dim + d]), a7);
    }
    a0.intoArray(out, to);
    a1.intoArray(out, to + rows);
    a2.intoArray(out, to + 2 * rows);
    a3.intoArray(out, to + 3 * rows);
    a4.intoArray(out, to + 4 * rows);
    a5.intoArray(out, to + 5 * rows);
    a6.intoArray(out, to + 6 * rows);
    a7.intoArray(out, to + 7 * rows);
  }

  private static void one(
      float[] queries, int row, int rows, int dim, float[] vectors, int at, float[] out, int to) {
    FloatVector sum = FloatVector.zero(ROWS);
    int q = row;
    for (int d = 0; d < dim; d++, q += rows) {
      sum =
          FloatVector.fromArray(ROWS, queries, q)
              .fma(FloatVector.broadcast(ROWS, vectors[at + d]), sum);
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
  static void decodeBf16(MemorySegment from, long offset, int count, float[] to) {
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      IntVector bits =
          (IntVector)
              ShortVector.fromMemorySegment(SHORTS, from, offset + 2L * i, ByteOrder.LITTLE_ENDIAN)
                  .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
      bits.lanewise(VectorOperators.LSHL, BF16_SHIFT).reinterpretAsFloats().intoArray(to, i);
    }
    for (; i < count; i++) {
      int bits =
          Byte.toUnsignedInt(from.get(java.lang.foreign.ValueLayout.JAVA_BYTE, offset + 2L * i))
              | Byte.toUnsignedInt(
                      from.get(java.lang.foreign.ValueLayout.JAVA_BYTE, offset + 2L * i + 1))
                  << 8;
      to[i] = Float.intBitsToFloat(bits << BF16_SHIFT);
    }
  }
}
