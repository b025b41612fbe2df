package io.ltri.inference.attention;

import java.util.Arrays;

/**
 * What the retrieval heads of a sequence look at, over text tokens, so that layers with different
 * spans can tell each other. One step's votes and those of the step before; layers add theirs from
 * the lowest up.
 */
final class Votes {

  /** By text position; behind the last position voted for, and the array's end, there are none. */
  private double[] now = {};

  private double[] previous = {};
  private int nowEnd;
  private int previousEnd;

  /** The step so far becomes the step before. */
  void beginStep() {
    double[] oldest = previous;
    Arrays.fill(oldest, 0, previousEnd, 0);
    previous = now;
    previousEnd = nowEnd;
    now = oldest;
    nowEnd = 0;
  }

  /** Adds to each token of [start, end). */
  void add(int start, int end, double mass) {
    if (end > now.length) {
      now = Arrays.copyOf(now, Math.max(end, 2 * now.length));
    }
    for (int token = start; token < end; token++) {
      now[token] += mass;
    }
    nowEnd = Math.max(nowEnd, end);
  }

  /** Mean over the tokens [start, end) of this step's votes so far. */
  double meanNow(int start, int end) {
    return mean(now, nowEnd, start, end);
  }

  /** Mean over the tokens [start, end) of all votes of the step before. */
  double meanBefore(int start, int end) {
    return mean(previous, previousEnd, start, end);
  }

  private static double mean(double[] votes, int votesEnd, int start, int end) {
    double sum = 0;
    for (int token = start; token < Math.min(end, votesEnd); token++) {
      sum += votes[token];
    }
    return sum / (end - start);
  }
}
