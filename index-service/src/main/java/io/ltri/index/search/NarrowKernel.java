package io.ltri.index.search;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The arithmetic of both stages when there are at most {@link #MOST} rows, as in decoding: whole
 * vectors of rows would be mostly padding. Products are made as in {@link RowKernel}, bit for bit,
 * with short vectors; scores then lie row by row, {@code [rows, items]}, so that exponentials fill
 * whole vectors.
 */
final class NarrowKernel {

  /** Lanes of a short vector. */
  static final int MOST = 4;

  private static final VectorSpecies<Float> SHORT = FloatVector.SPECIES_128;
  private static final VectorSpecies<Float> LONG = RowKernel.ROWS;

  private NarrowKernel() {}

  /**
   * @param queries {@code [dim, MOST]}
   * @param vectors {@code [count, dim]}
   * @param out {@code [count, MOST]}
   */
  static void multiply(float[] queries, int dim, float[] vectors, int count, float[] out) {
    int v = 0;
    for (; v + 8 <= count; v += 8) {
      eight(queries, dim, vectors, v * dim, out, v * MOST);
    }
    for (; v < count; v++) {
      FloatVector sum = FloatVector.zero(SHORT);
      for (int d = 0; d < dim; d++) {
        FloatVector query = FloatVector.fromArray(SHORT, queries, d * MOST);
        sum = query.fma(FloatVector.broadcast(SHORT, vectors[v * dim + d]), sum);
      }
      sum.intoArray(out, v * MOST);
    }
  }

  private static void eight(
      float[] queries, int dim, float[] vectors, int at, float[] out, int to) {
    FloatVector s0 = FloatVector.zero(SHORT);
    FloatVector s1 = FloatVector.zero(SHORT);
    FloatVector s2 = FloatVector.zero(SHORT);
    FloatVector s3 = FloatVector.zero(SHORT);
    FloatVector s4 = FloatVector.zero(SHORT);
    FloatVector s5 = FloatVector.zero(SHORT);
    FloatVector s6 = FloatVector.zero(SHORT);
    FloatVector s7 = FloatVector.zero(SHORT);
    for (int d = 0; d < dim; d++) {
      FloatVector query = FloatVector.fromArray(SHORT, queries, d * MOST);
      s0 = query.fma(FloatVector.broadcast(SHORT, vectors[at + d]), s0);
      s1 = query.fma(FloatVector.broadcast(SHORT, vectors[at + dim + d]), s1);
      s2 = query.fma(FloatVector.broadcast(SHORT, vectors[at + 2 * dim + d]), s2);
      s3 = query.fma(FloatVector.broadcast(SHORT, vectors[at + 3 * dim + d]), s3);
      s4 = query.fma(FloatVector.broadcast(SHORT, vectors[at + 4 * dim + d]), s4);
      s5 = query.fma(FloatVector.broadcast(SHORT, vectors[at + 5 * dim + d]), s5);
      s6 = query.fma(FloatVector.broadcast(SHORT, vectors[at + 6 * dim + d]), s6);
      s7 = query.fma(FloatVector.broadcast(SHORT, vectors[at + 7 * dim + d]), s7);
    }
    s0.intoArray(out, to);
    s1.intoArray(out, to + MOST);
    s2.intoArray(out, to + 2 * MOST);
    s3.intoArray(out, to + 3 * MOST);
    s4.intoArray(out, to + 4 * MOST);
    s5.intoArray(out, to + 5 * MOST);
    s6.intoArray(out, to + 6 * MOST);
    s7.intoArray(out, to + 7 * MOST);
  }

  /**
   * Replaces the scores of a row by their shares, exp(score) over the sum of these.
   *
   * @param scores from {@code offset} on, {@code count} of them, with room for a whole number of
   *     vectors
   * @param partial room for a vector
   * @return the log of the sum of exp(score)
   */
  static float softmax(float[] scores, int offset, int count, float[] partial) {
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
    for (int i = offset; i < end; i += lanes) {
      FloatVector.fromArray(LONG, scores, i).mul(factor).intoArray(scores, i);
    }
    return (float) (largest - Math.log(factor));
  }
}
