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
   * Attends, and fills the query's band.
   *
   * @param entries up to date where the query attends
   * @param heads what the heads give, [queryHeads, headDim]
   * @return whether the result is finite; it is not if half precision cannot hold an entry, since
   *     every entry counts for something
   */
  boolean attend(HostEntries entries, OneQuery query, float[] heads, Crew crew) {
    int from = query.from();
    int length = query.length();
    int seen = query.seen();
    float[] band = query.band();
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
              query.queries(),
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
    for (int query = 0; query < group; query += together(query)) {
      for (int d = 0; d < headDim; d += 2) {
        score(unit.weights, query, queries, at + query * headDim + d, part.keys(), d, from, to);
      }
    }
    for (int query = 0; query < group; query++) {
      softmax(unit, query, from, to);
    }
    // Entries two by two: the weight of one beside the range is 0.
    for (int query = 0; query < group; query += together(query)) {
      for (int entry = from & ~1; entry < to; entry += 2) {
        sum(unit, query, part.values(), entry);
      }
    }
  }

  /**
   * Three queries share what a key or value costs to read and to convert; what is left goes alone.
   */
  private int together(int query) {
    return query + 3 <= group ? 3 : 1;
  }

  /** Adds the products of two dimensions to the scores of all entries. */
  private void score(
      float[][] scores, int query, float[] queries, int q, short[] keys, int d, int from, int to) {
    int at = d * BLOCK;
    int next = at + BLOCK;
    if (together(query) == 1) {
      add(scores[query], queries[q], queries[q + 1], keys, at, next, from, to);
      return;
    }
    int second = q + headDim;
    int third = second + headDim;
    add(
        scores[query],
        queries[q],
        queries[q + 1],
        scores[query + 1],
        queries[second],
        queries[second + 1],
        scores[query + 2],
        queries[third],
        queries[third + 1],
        keys,
        at,
        next,
        from,
        to);
  }

  /** Adds two weighted entries to the values of all dimensions. */
  private void sum(Unit unit, int query, short[] values, int entry) {
    int at = entry * headDim;
    int next = at + headDim;
    float[] weights = unit.weights[query];
    float[] to = unit.values[query];
    if (together(query) == 1) {
      add(to, weights[entry], weights[entry + 1], values, at, next, 0, headDim);
      return;
    }
    float[] second = unit.weights[query + 1];
    float[] third = unit.weights[query + 2];
    add(
        to,
        weights[entry],
        weights[entry + 1],
        unit.values[query + 1],
        second[entry],
        second[entry + 1],
        unit.values[query + 2],
        third[entry],
        third[entry + 1],
        values,
        at,
        next,
        0,
        headDim);
  }

  /** Adds a times the halves from {@code at} on, and b times those from {@code next} on. */
  private static void add(
      float[] sums, float a, float b, short[] halves, int at, int next, int from, int to) {
    for (int j = from; j < to; j++) {
      float first = Float.float16ToFloat(halves[at + j]);
      float second = Float.float16ToFloat(halves[next + j]);
      sums[j] = Math.fma(b, second, Math.fma(a, first, sums[j]));
    }
  }

  /** The same to three. */
  private static void add(
      float[] s,
      float s0,
      float s1,
      float[] t,
      float t0,
      float t1,
      float[] u,
      float u0,
      float u1,
      short[] halves,
      int at,
      int next,
      int from,
      int to) {
    for (int j = from; j < to; j++) {
      float first = Float.float16ToFloat(halves[at + j]);
      float second = Float.float16ToFloat(halves[next + j]);
      s[j] = Math.fma(s1, second, Math.fma(s0, first, s[j]));
      t[j] = Math.fma(t1, second, Math.fma(t0, first, t[j]));
      u[j] = Math.fma(u1, second, Math.fma(u0, first, u[j]));
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
}
