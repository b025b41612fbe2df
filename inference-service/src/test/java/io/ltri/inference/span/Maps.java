package io.ltri.inference.span;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Attention maps to test with, as full matrices, and the bands of them. */
final class Maps {

  private Maps() {}

  /** A causal map whose rows sum to one, without any structure. */
  static double[][] noise(Random random, int tokens) {
    double[][] map = new double[tokens][tokens];
    for (int i = 0; i < tokens; i++) {
      double sum = 0;
      for (int j = 0; j <= i; j++) {
        map[i][j] = Math.exp(1.5 * random.nextGaussian());
        sum += map[i][j];
      }
      for (int j = 0; j <= i; j++) {
        map[i][j] = (float) (map[i][j] / sum);
      }
    }
    return map;
  }

  /**
   * A causal map with true blocks: of each row the share {@code mass} lies in its block, a quarter
   * on the sink, the rest on all tokens so far; all under log-normal noise.
   *
   * @param starts receives where the blocks start
   */
  static double[][] blocks(
      Random random, int tokens, int sink, double mass, double noise, List<Integer> starts) {
    double[][] map = new double[tokens][tokens];
    int start = sink;
    while (start < tokens) {
      starts.add(start);
      int end = Math.min(tokens, start + random.nextInt(12, 72));
      for (int i = start; i < end; i++) {
        spread(random, map[i], 0, sink, 0.25, noise);
        spread(random, map[i], sink, i + 1, 0.75 - mass, noise);
        spread(random, map[i], start, i + 1, mass, noise);
      }
      start = end;
    }
    return map;
  }

  /** Adds noisy shares of a mass to columns [from, end) of a row. */
  private static void spread(
      Random random, double[] row, int from, int end, double mass, double noise) {
    double[] share = new double[end - from];
    double sum = 0;
    for (int k = 0; k < share.length; k++) {
      share[k] = Math.exp(noise * random.nextGaussian());
      sum += share[k];
    }
    for (int k = 0; k < share.length; k++) {
      row[from + k] += mass * share[k] / sum;
    }
  }

  /** Rows [from, end) of a map's band, sink columns still in them. */
  static float[] rows(double[][] map, int width, int from, int end) {
    float[] rows = new float[(end - from) * width];
    for (int i = from; i < end; i++) {
      for (int offset = 0; offset < Math.min(width, i + 1); offset++) {
        rows[(i - from) * width + offset] = (float) map[i][i - offset];
      }
    }
    return rows;
  }

  static Band band(double[][] map, int width, int firstColumn) {
    Band band = new Band(width, firstColumn);
    band.append(rows(map, width, 0, map.length), map.length);
    return band;
  }

  /** Theta by its definition. */
  static double theta(double[][] map, int row, int firstColumn, SpanSettings settings) {
    if (settings.theta() == ThetaForm.CONSTANT) {
      return settings.thetaConstant();
    }
    List<Double> cells = new ArrayList<>();
    for (int j = Math.max(firstColumn, row - settings.longest() + 1); j <= row; j++) {
      cells.add(map[row][j]);
    }
    return settings.thetaFactor() * cells.stream().mapToDouble(a -> a).average().orElseThrow();
  }

  /** S(start, end - 1) by its definition. */
  static double score(double[][] map, int start, int end, int firstColumn, SpanSettings settings) {
    double score = 0;
    for (int i = start; i < end; i++) {
      double theta = theta(map, i, firstColumn, settings);
      for (int j = start; j <= i; j++) {
        score += map[i][j] - theta;
      }
    }
    return score;
  }
}
