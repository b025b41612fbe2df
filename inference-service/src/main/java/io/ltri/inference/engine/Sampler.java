package io.ltri.inference.engine;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;

/**
 * Draws tokens from logits. Ties go to the lower id, so greedy answers do not depend on anything
 * else.
 */
final class Sampler {
  private final Sampling sampling;
  private final RandomGenerator random;

  Sampler(Sampling sampling) {
    this.sampling = sampling;
    this.random =
        RandomGeneratorFactory.<RandomGenerator>of("L64X128MixRandom").create(sampling.seed());
  }

  /**
   * @param logits [vocabulary]; not changed
   */
  int next(float[] logits) {
    if (sampling.temperature() == 0) {
      return best(logits);
    }
    double highest = logits[best(logits)];
    int[] ids = ranked(logits);
    double[] weights = new double[ids.length];
    double sum = 0;
    for (int i = 0; i < ids.length; i++) {
      weights[i] = Math.exp((logits[ids[i]] - highest) / sampling.temperature());
      sum += weights[i];
    }
    int kept = ids.length;
    if (sampling.topP() > 0 && sampling.topP() < 1) {
      double reached = 0;
      kept = 0;
      while (kept < ids.length && reached < sampling.topP() * sum) {
        reached += weights[kept++];
      }
      sum = reached;
    }
    double drawn = random.nextDouble() * sum;
    for (int i = 0; i < kept - 1; i++) {
      drawn -= weights[i];
      if (drawn < 0) {
        return ids[i];
      }
    }
    return ids[kept - 1];
  }

  /** Ids by falling logit, the top_k of them; unsorted where the order does not matter. */
  private int[] ranked(float[] logits) {
    boolean sort = sampling.topK() > 0 || (sampling.topP() > 0 && sampling.topP() < 1);
    if (!sort) {
      return IntStream.range(0, logits.length).toArray();
    }
    // Falling logit above, id below: one sort of plain numbers, of the whole vocabulary and for
    // every token.
    long[] keys = new long[logits.length];
    for (int id = 0; id < keys.length; id++) {
      int bits = Float.floatToIntBits(logits[id]);
      int ascending = bits ^ ((bits >> 31) & 0x7fffffff);
      keys[id] = ((long) ~ascending << 32) | id;
    }
    Arrays.sort(keys);
    int kept = sampling.topK() > 0 ? Math.min(keys.length, sampling.topK()) : keys.length;
    return Arrays.stream(keys, 0, kept).mapToInt(key -> (int) key).toArray();
  }

  static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  static float logProbability(float[] logits, int token) {
    double highest = logits[best(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - highest);
    }
    return (float) (logits[token] - highest - Math.log(sum));
  }
}
