package io.ltri.inference.engine;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
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

  /** How often each token was drawn; only where penalties need it. */
  private final Map<Integer, Integer> drawn = new HashMap<>();

  Sampler(Sampling sampling) {
    this.sampling = sampling;
    this.random =
        RandomGeneratorFactory.<RandomGenerator>of("L64X128MixRandom").create(sampling.seed());
  }

  /**
   * @param logits [vocabulary]; not changed
   */
  int next(float[] logits) {
    if (!sampling.penalises()) {
      return draw(logits);
    }
    float[] penalised = logits.clone();
    drawn.forEach(
        (token, times) ->
            penalised[token] -=
                (float) (sampling.presencePenalty() + times * sampling.frequencyPenalty()));
    int token = draw(penalised);
    drawn.merge(token, 1, Integer::sum);
    return token;
  }

  /** A token that was drawn elsewhere: what is drawn next is as if it had been drawn here. */
  int take(int token) {
    if (sampling.temperature() > 0) {
      // Each token uses up one number.
      double unused = random.nextDouble();
    }
    if (sampling.penalises()) {
      drawn.merge(token, 1, Integer::sum);
    }
    return token;
  }

  private int draw(float[] logits) {
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
    // The most probable token has weight 1.
    for (int i = 0; sampling.minP() > 0 && i < kept; i++) {
      if (weights[i] < sampling.minP()) {
        sum -= weights[i];
        weights[i] = 0;
      }
    }
    double left = random.nextDouble() * sum;
    int last = 0;
    for (int i = 0; i < kept; i++) {
      if (weights[i] == 0) {
        continue;
      }
      last = i;
      left -= weights[i];
      if (left < 0) {
        break;
      }
    }
    return ids[last];
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

  /**
   * The most probable tokens, the first of them first; ties go to the lower id.
   *
   * @param most of them
   */
  static int[] mostProbable(float[] logits, int most) {
    PriorityQueue<Integer> kept =
        new PriorityQueue<>(
            Comparator.<Integer>comparingDouble(id -> logits[id])
                .thenComparing(Comparator.reverseOrder()));
    for (int id = 0; id < logits.length; id++) {
      if (kept.size() == most && logits[id] <= logits[kept.element()]) {
        continue;
      }
      kept.add(id);
      if (kept.size() > most) {
        kept.remove();
      }
    }
    int[] ids = new int[kept.size()];
    for (int i = ids.length - 1; i >= 0; i--) {
      ids[i] = kept.remove();
    }
    return ids;
  }

  static float logProbability(float[] logits, int token) {
    return logProbabilities(logits, new int[] {token})[0];
  }

  static float[] logProbabilities(float[] logits, int[] tokens) {
    double highest = logits[best(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - highest);
    }
    float[] probabilities = new float[tokens.length];
    for (int i = 0; i < tokens.length; i++) {
      probabilities[i] = (float) (logits[tokens[i]] - highest - Math.log(sum));
    }
    return probabilities;
  }
}
