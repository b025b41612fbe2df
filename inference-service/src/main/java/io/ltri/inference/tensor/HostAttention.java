package io.ltri.inference.tensor;

import java.util.Arrays;

/**
 * Attention of one token's queries in Java, over entries in half precision, with float32 sums. In
 * blocks of entries, each with a softmax of its own, that are merged by their largest score and
 * their sum; blocks and KV heads are the units that a {@link Crew} shares. Loops as {@link
 * GroupedLinear} has them, so that the JIT makes vector instructions of them; a result depends on
 * where entries stand in the arena, and on nothing else. Memory for one token at a time.
 */
final class HostAttention {

  private static final int BLOCK = HostEntries.BLOCK;

  /** Less than e to the power of this, of the largest, is nothing. */
  private static final float LEAST = -29;

  private final int queryHeads;
  private final int kvHeads;
  private final int group;
  private final int headDim;

  /** By block and KV head. */
  private Unit[] units = {};

  /** What a block gives to the queries of one KV head; arrays by query of the group. */
  private static final class Unit {
    /** Scores, then their exponentials; 0 outside of the entries that are attended to. */
    final float[][] weights;

    final float[] largest;
    final float[] sums;
    final float[][] values;
    final float[] exponents = new float[BLOCK];
    final short[] power = new short[BLOCK];

    Unit(int group, int headDim) {
      weights = new float[group][BLOCK];
      largest = new float[group];
      sums = new float[group];
      values = new float[group][headDim];
    }
  }

  HostAttention(DecoderShape shape) {
    queryHeads = shape.queryHeads();
    kvHeads = shape.kvHeads();
    group = queryHeads / kvHeads;
    headDim = shape.headDim();
  }

  /**
   * Attends to entries [from, from + length).
   *
   * @param entries up to date there
   * @param queries rotated and scaled, [queryHeads, headDim]
   * @param heads what the heads give, [queryHeads, headDim]
   * @param seen of the last so many entries the mean probability over the query heads is wanted
   * @param band this mean, the last entry first
   * @return whether the result is finite; it is not if half precision cannot hold an entry, since
   *     every entry counts for something
   */
  boolean attend(
      HostEntries entries,
      float[] queries,
      int from,
      int length,
      float[] heads,
      int seen,
      float[] band,
      Crew crew) {
    int first = from / BLOCK;
    int count = (from + length - 1) / BLOCK - first + 1;
    reserve(count * kvHeads);
    crew.run(
        count * kvHeads,
        (unit, worker) -> {
          int block = first + unit / kvHeads;
          int kvHead = unit % kvHeads;
          attend(
              units[unit],
              entries.part(block, kvHead),
              queries,
              kvHead * group * headDim,
              Math.max(from - block * BLOCK, 0),
              Math.min(from + length - block * BLOCK, BLOCK));
        });
    Arrays.fill(band, 0, seen, 0);
    for (int head = 0; head < queryHeads; head++) {
      merge(head, count, heads);
      int last = from + length - 1;
      for (int o = 0; o < seen; o++) {
        Unit unit = units[((last - o) / BLOCK - first) * kvHeads + head / group];
        band[o] += unit.weights[head % group][(last - o) % BLOCK] * unit.sums[head % group];
      }
    }
    for (int o = 0; o < seen; o++) {
      band[o] /= queryHeads;
    }
    for (int i = 0; i < queryHeads * headDim; i++) {
      if (!Float.isFinite(heads[i])) {
        return false;
      }
    }
    return true;
  }

  private void reserve(int count) {
    int before = units.length;
    if (before < count) {
      units = Arrays.copyOf(units, count);
      for (int unit = before; unit < count; unit++) {
        units[unit] = new Unit(group, headDim);
      }
    }
  }

  /** Puts one head's blocks together; what was a block's sum is now the factor of its weights. */
  private void merge(int head, int count, float[] heads) {
    int kvHead = head / group;
    int query = head % group;
    float largest = Float.NEGATIVE_INFINITY;
    for (int block = 0; block < count; block++) {
      largest = Math.max(largest, units[block * kvHeads + kvHead].largest[query]);
    }
    double sum = 0;
    for (int block = 0; block < count; block++) {
      Unit unit = units[block * kvHeads + kvHead];
      sum += unit.sums[query] * Math.exp(unit.largest[query] - largest);
    }
    int to = head * headDim;
    Arrays.fill(heads, to, to + headDim, 0);
    for (int block = 0; block < count; block++) {
      Unit unit = units[block * kvHeads + kvHead];
      float factor = (float) (Math.exp(unit.largest[query] - largest) / sum);
      unit.sums[query] = factor;
      float[] values = unit.values[query];
      for (int d = 0; d < headDim; d++) {
        heads[to + d] = Math.fma(factor, values[d], heads[to + d]);
      }
    }
  }

  /** Entries [from, to) of a block. */
  private void attend(Unit unit, HostEntries.Part part, float[] queries, int at, int from, int to) {
    for (int query = 0; query < group; query++) {
      Arrays.fill(unit.weights[query], 0);
      Arrays.fill(unit.values[query], 0);
    }
    int query = 0;
    for (; query + 3 <= group; query += 3) {
      scores(unit, query, part.keys(), queries, at + query * headDim, from, to);
    }
    for (; query < group; query++) {
      float[] scores = unit.weights[query];
      for (int d = 0; d < headDim; d += 2) {
        score(scores, part.keys(), d * BLOCK, queries, at + query * headDim + d, from, to);
      }
    }
    for (query = 0; query < group; query++) {
      softmax(unit, query, from, to);
    }
    // Entries two by two: the weight of one beside the range is 0.
    int start = from & ~1;
    for (query = 0; query + 3 <= group; query += 3) {
      float[][] weights = unit.weights;
      float[][] values = unit.values;
      for (int entry = start; entry < to; entry += 2) {
        sum(
            values[query],
            values[query + 1],
            values[query + 2],
            weights[query],
            weights[query + 1],
            weights[query + 2],
            part.values(),
            entry,
            headDim);
      }
    }
    for (; query < group; query++) {
      for (int entry = start; entry < to; entry += 2) {
        sum(unit.values[query], unit.weights[query], part.values(), entry, headDim);
      }
    }
  }

  /** Three queries share what a key costs to read and to convert. */
  private void scores(
      Unit unit, int query, short[] keys, float[] queries, int at, int from, int to) {
    for (int d = 0; d < headDim; d += 2) {
      scores(
          unit.weights[query],
          unit.weights[query + 1],
          unit.weights[query + 2],
          keys,
          d * BLOCK,
          queries,
          at + d,
          headDim,
          from,
          to);
    }
  }

  private static void scores(
      float[] s,
      float[] t,
      float[] u,
      short[] keys,
      int at,
      float[] queries,
      int q,
      int headDim,
      int from,
      int to) {
    int next = at + BLOCK;
    float s0 = queries[q];
    float s1 = queries[q + 1];
    float t0 = queries[q + headDim];
    float t1 = queries[q + headDim + 1];
    float u0 = queries[q + 2 * headDim];
    float u1 = queries[q + 2 * headDim + 1];
    for (int j = from; j < to; j++) {
      float k0 = Float.float16ToFloat(keys[at + j]);
      float k1 = Float.float16ToFloat(keys[next + j]);
      s[j] = Math.fma(s1, k1, Math.fma(s0, k0, s[j]));
      t[j] = Math.fma(t1, k1, Math.fma(t0, k0, t[j]));
      u[j] = Math.fma(u1, k1, Math.fma(u0, k0, u[j]));
    }
  }

  private static void score(
      float[] s, short[] keys, int at, float[] queries, int q, int from, int to) {
    int next = at + BLOCK;
    float s0 = queries[q];
    float s1 = queries[q + 1];
    for (int j = from; j < to; j++) {
      float k0 = Float.float16ToFloat(keys[at + j]);
      float k1 = Float.float16ToFloat(keys[next + j]);
      s[j] = Math.fma(s1, k1, Math.fma(s0, k0, s[j]));
    }
  }

  private static void softmax(Unit unit, int query, int from, int to) {
    float[] weights = unit.weights[query];
    float largest = Float.NEGATIVE_INFINITY;
    for (int j = from; j < to; j++) {
      largest = Math.max(largest, weights[j]);
    }
    exponentials(weights, largest, unit.exponents, unit.power, from, to);
    float sum = 0;
    for (int j = from; j < to; j++) {
      sum += weights[j];
    }
    unit.largest[query] = largest;
    unit.sums[query] = sum;
  }

  /**
   * Puts e to the power of x minus the largest in the place of x, to two units in the last place;
   * what is below {@link #LEAST} counts as that. The polynomial is that of Cephes' expf; powers of
   * two are made as halves, three of them, for a half has only fourteen below 1.
   *
   * @param exponents scratch
   * @param power scratch
   */
  static void exponentials(
      float[] x, float largest, float[] exponents, short[] power, int from, int to) {
    for (int j = from; j < to; j++) {
      float y = Math.max(x[j] - largest, LEAST);
      float n = (float) (int) (y * 1.44269504f - 0.5f);
      exponents[j] = n;
      y = Math.fma(n, -0.693359375f, y);
      y = Math.fma(n, 2.12194440e-4f, y);
      float z = 1.9875691500e-4f;
      z = Math.fma(z, y, 1.3981999507e-3f);
      z = Math.fma(z, y, 8.3334519073e-3f);
      z = Math.fma(z, y, 4.1665795894e-2f);
      z = Math.fma(z, y, 1.6666665459e-1f);
      z = Math.fma(z, y, 5.0000001201e-1f);
      x[j] = Math.fma(z * y, y, y) + 1;
    }
    for (int third = 0; third < 3; third++) {
      for (int j = from; j < to; j++) {
        power[j] = (short) (((int) Math.max(exponents[j], -14) + 15) << 10);
      }
      for (int j = from; j < to; j++) {
        x[j] *= Float.float16ToFloat(power[j]);
      }
      for (int j = from; j < to; j++) {
        exponents[j] = Math.min(exponents[j] + 14, 0);
      }
    }
  }

  private static void sum(
      float[] s,
      float[] t,
      float[] u,
      float[] sWeights,
      float[] tWeights,
      float[] uWeights,
      short[] values,
      int entry,
      int headDim) {
    int at = entry * headDim;
    int next = at + headDim;
    float s0 = sWeights[entry];
    float s1 = sWeights[entry + 1];
    float t0 = tWeights[entry];
    float t1 = tWeights[entry + 1];
    float u0 = uWeights[entry];
    float u1 = uWeights[entry + 1];
    for (int d = 0; d < headDim; d++) {
      float v0 = Float.float16ToFloat(values[at + d]);
      float v1 = Float.float16ToFloat(values[next + d]);
      s[d] = Math.fma(s1, v1, Math.fma(s0, v0, s[d]));
      t[d] = Math.fma(t1, v1, Math.fma(t0, v0, t[d]));
      u[d] = Math.fma(u1, v1, Math.fma(u0, v0, u[d]));
    }
  }

  private static void sum(float[] s, float[] weights, short[] values, int entry, int headDim) {
    int at = entry * headDim;
    int next = at + headDim;
    float s0 = weights[entry];
    float s1 = weights[entry + 1];
    for (int d = 0; d < headDim; d++) {
      float v0 = Float.float16ToFloat(values[at + d]);
      float v1 = Float.float16ToFloat(values[next + d]);
      s[d] = Math.fma(s1, v1, Math.fma(s0, v0, s[d]));
    }
  }
}
