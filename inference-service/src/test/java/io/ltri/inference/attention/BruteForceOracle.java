package io.ltri.inference.attention;

import io.ltri.inference.tensor.BruteForceDecoder;
import io.ltri.inference.tensor.DecoderShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The rule of policy oracle (docs/method.md), in loops and double precision; with a budget of 0
 * that of policy streaming.
 */
final class BruteForceOracle implements BruteForceDecoder.Rule {
  private final DecoderShape shape;
  private final ReadingSettings settings;
  private final int budget;
  private final int[] chunkEnds;

  /** [layer][chunk]: the tokens that were retrieved. */
  final List<List<List<Integer>>> picked = new ArrayList<>();

  BruteForceOracle(DecoderShape shape, ReadingSettings settings, int budget, int[] chunkEnds) {
    this.shape = shape;
    this.settings = settings;
    this.budget = budget;
    this.chunkEnds = chunkEnds;
  }

  @Override
  public double[][][] probabilities(int layer, double[][][] queries, double[][][] keys) {
    int heads = queries.length;
    int n = queries[0].length;
    int window = settings.windowTokens();
    double[][][] rows = new double[heads][n][n];
    List<List<Integer>> pickedHere = new ArrayList<>();
    int start = 0;
    for (int end : chunkEnds) {
      int first = Math.min(settings.sinkTokens(), start);
      int local = Math.max(first, start - window);
      double[] mass = new double[n];
      for (int h = 0; h < heads; h++) {
        double[] most = new double[n];
        for (int t = Math.max(start, end - settings.lookupQueries()); t < end; t++) {
          double[] row = new double[local - first];
          for (int j = first; j < local; j++) {
            row[j - first] =
                BruteForceDecoder.score(
                    shape, queries[h][t], window, keys[h * keys.length / heads][j], 0);
          }
          BruteForceDecoder.softmax(row);
          for (int j = first; j < local; j++) {
            most[j] = Math.max(most[j], row[j - first]);
          }
        }
        for (int j = 0; j < n; j++) {
          mass[j] += most[j];
        }
      }
      List<Integer> chosen =
          IntStream.range(first, local)
              .boxed()
              .sorted(Comparator.comparingDouble((Integer j) -> -mass[j]))
              .limit(budget)
              .sorted()
              .toList();
      pickedHere.add(chosen);
      int[] seen =
          IntStream.concat(
                  IntStream.concat(
                      IntStream.range(0, first), chosen.stream().mapToInt(Integer::intValue)),
                  IntStream.range(local, end))
              .toArray();
      int slots = seen.length;
      int lastSlot = slots - 1;
      for (int h = 0; h < heads; h++) {
        double[][] own = keys[h * keys.length / heads];
        for (int t = start; t < end; t++) {
          double[] row = rows[h][t];
          Arrays.fill(row, Double.NEGATIVE_INFINITY);
          int querySlot = lastSlot - (end - 1 - t);
          for (int slot = 0; slot <= querySlot; slot++) {
            int j = seen[slot];
            row[j] =
                switch (settings.positions()) {
                  case COMPACT ->
                      BruteForceDecoder.score(shape, queries[h][t], querySlot, own[j], slot);
                  case TRUE -> BruteForceDecoder.score(shape, queries[h][t], t, own[j], j);
                  case FIXED ->
                      t - j >= window
                          ? BruteForceDecoder.score(shape, queries[h][t], window, own[j], 0)
                          : BruteForceDecoder.score(shape, queries[h][t], t, own[j], j);
                };
          }
          BruteForceDecoder.softmax(row);
        }
      }
      start = end;
    }
    picked.add(pickedHere);
    return rows;
  }
}
