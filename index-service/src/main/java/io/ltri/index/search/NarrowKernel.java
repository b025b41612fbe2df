package io.ltri.index.search;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The arithmetic of stage two when there are at most {@link #MOST} rows, as in decoding: whole
 * vectors of rows would be mostly padding. Lanes run over dimensions instead, and scores lie row by
 * row, {@code [rows, items]}, so that exponentials fill whole vectors.
 *
 * <p>A product is eight sums, one for each place of a dimension within its block of eight, each a
 * chain of fused multiply-adds in the order of the blocks; these are added up by halves. Neither
 * the number of rows nor the tile changes a bit of it.
 */
final class NarrowKernel {

  /** Rows for which this is worth it. */
  static final int MOST = 4;

  private static final VectorSpecies<Float> SUMS = FloatVector.SPECIES_256;
  private static final VectorSpecies<Float> HALF = FloatVector.SPECIES_128;
  private static final VectorSpecies<Float> LONG = RowKernel.ROWS;

  /** Lanes of the sums. */
  private static final int LANES = 8;

  /** Dimensions whose queries, of three rows, stay in registers while a tile passes. */
  private static final int STRETCH = 2 * LANES;

  private NarrowKernel() {}

  /** Whether vectors of so many dimensions can be multiplied here, on this processor. */
  static boolean fits(int dim) {
    return dim % STRETCH == 0 && RowKernel.ROWS.length() >= LANES;
  }

  /**
   * @param queries {@code [rows, dim]}
   * @param tile {@code [count, dim]}
   * @param sums scratch, for {@link #scratch}
   * @param out {@code [rows, outStride]}; {@code count} of each row are written, from {@code
   *     outOffset} on
   */
  static void multiply(
      float[] queries,
      int rows,
      int dim,
      float[] tile,
      int count,
      float[] sums,
      float[] out,
      int outOffset,
      int outStride) {
    int row = 0;
    for (; row + 3 <= rows; row += 3) {
      Arrays.fill(sums, 0, 3 * count * LANES, 0);
      for (int d = 0; d < dim; d += STRETCH) {
        three(queries, row * dim + d, dim, tile, d, count, sums);
      }
      for (int i = 0; i < 3; i++) {
        add(sums, i * count * LANES, count, out, (row + i) * outStride + outOffset);
      }
    }
    for (; row < rows; row++) {
      Arrays.fill(sums, 0, count * LANES, 0);
      for (int d = 0; d < dim; d += STRETCH) {
        one(queries, row * dim + d, dim, tile, d, count, sums);
      }
      add(sums, 0, count, out, row * outStride + outOffset);
    }
  }

  /** Numbers of scratch that {@link #multiply} needs for so many vectors. */
  static int scratch(int count) {
    return 3 * LANES * count;
  }

  /** One stretch of dimensions of three rows, added to their sums. */
  private static void three(
      float[] queries, int q, int dim, float[] tile, int from, int count, float[] sums) {
    FloatVector a0 = FloatVector.fromArray(SUMS, queries, q);
    FloatVector a1 = FloatVector.fromArray(SUMS, queries, q + LANES);
    FloatVector b0 = FloatVector.fromArray(SUMS, queries, q + dim);
    FloatVector b1 = FloatVector.fromArray(SUMS, queries, q + dim + LANES);
    FloatVector c0 = FloatVector.fromArray(SUMS, queries, q + 2 * dim);
    FloatVector c1 = FloatVector.fromArray(SUMS, queries, q + 2 * dim + LANES);
    int step = count * LANES;
    for (int i = 0; i < count; i++) {
      FloatVector x0 = FloatVector.fromArray(SUMS, tile, from + i * dim);
      FloatVector x1 = FloatVector.fromArray(SUMS, tile, from + i * dim + LANES);
      int to = i * LANES;
      FloatVector a = FloatVector.fromArray(SUMS, sums, to);
      x1.fma(a1, x0.fma(a0, a)).intoArray(sums, to);
      FloatVector b = FloatVector.fromArray(SUMS, sums, to + step);
      x1.fma(b1, x0.fma(b0, b)).intoArray(sums, to + step);
      FloatVector c = FloatVector.fromArray(SUMS, sums, to + 2 * step);
      x1.fma(c1, x0.fma(c0, c)).intoArray(sums, to + 2 * step);
    }
  }

  /** One stretch of dimensions of one row, added to its sums. */
  private static void one(
      float[] queries, int q, int dim, float[] tile, int from, int count, float[] sums) {
    FloatVector a0 = FloatVector.fromArray(SUMS, queries, q);
    FloatVector a1 = FloatVector.fromArray(SUMS, queries, q + LANES);
    for (int i = 0; i < count; i++) {
      FloatVector x0 = FloatVector.fromArray(SUMS, tile, from + i * dim);
      FloatVector x1 = FloatVector.fromArray(SUMS, tile, from + i * dim + LANES);
      FloatVector a = FloatVector.fromArray(SUMS, sums, i * LANES);
      x1.fma(a1, x0.fma(a0, a)).intoArray(sums, i * LANES);
    }
  }

  /** Adds up the sums of each product: the two halves, then their pairs. */
  private static void add(float[] sums, int from, int count, float[] out, int to) {
    int end = from + count * LANES;
    for (int at = from; at < end; at += LANES) {
      FloatVector.fromArray(HALF, sums, at)
          .add(FloatVector.fromArray(HALF, sums, at + LANES / 2))
          .intoArray(sums, at);
    }
    for (int i = 0, at = from; i < count; i++, at += LANES) {
      out[to + i] = (sums[at] + sums[at + 1]) + (sums[at + 2] + sums[at + 3]);
    }
  }

  /**
   * The shares of a row, exp(score) over the sum of these; of each item the larger of this and what
   * was there stays. The scores are exponentials afterwards.
   *
   * @param scores from {@code offset} on, {@code count} of them, with room for a whole number of
   *     vectors
   * @param partial room for a vector
   * @param shares {@code [count]}
   * @return the log of the sum of exp(score)
   */
  static float largestShares(
      float[] scores, int offset, int count, float[] partial, float[] shares) {
    int lanes = LONG.length();
    int end = offset + RowKernel.padded(count);
    for (int i = offset + count; i < end; i++) {
      scores[i] = Float.NEGATIVE_INFINITY;
    }
    FloatVector most = FloatVector.broadcast(LONG, Float.NEGATIVE_INFINITY);
    for (int i = offset; i < end; i += lanes) {
      most = most.max(FloatVector.fromArray(LONG, scores, i));
    }
    float largest = most.reduceLanes(VectorOperators.MAX);
    FloatVector sums = FloatVector.zero(LONG);
    for (int i = offset; i < end; i += lanes) {
      FloatVector e = Exponential.of(FloatVector.fromArray(LONG, scores, i).sub(largest));
      e.intoArray(scores, i);
      sums = sums.add(e);
    }
    // Added up one by one: the order in which a vector adds its own lanes is not defined.
    sums.intoArray(partial, 0);
    float sum = 0;
    for (int i = 0; i < lanes; i++) {
      sum += partial[i];
    }
    float factor = 1 / sum;
    int i = 0;
    for (; i + lanes <= count; i += lanes) {
      FloatVector.fromArray(LONG, scores, offset + i)
          .mul(factor)
          .max(FloatVector.fromArray(LONG, shares, i))
          .intoArray(shares, i);
    }
    for (; i < count; i++) {
      shares[i] = Math.max(shares[i], scores[offset + i] * factor);
    }
    return (float) (largest - Math.log(factor));
  }
}
