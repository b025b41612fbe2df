package io.ltri.inference.attention;

import io.ltri.inference.tensor.BruteForceDecoder;
import io.ltri.inference.tensor.DecoderShape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * InfLLM's rule as its repository has it (thunlp/InfLLM, inf_llm/attention/context_manager.py), in
 * loops and double precision, with that file's names in the comments. Two things differ, as
 * docs/method.md says: the distance is nLocal instead of nLocal - 1, and chunks are those of the
 * caller.
 */
final class PublishedInfLlm implements BruteForceDecoder.Rule {
  private static final int BLOCK_SIZE = 128;
  private static final int REPR_TOPK = 4;

  private final DecoderShape shape;
  private final int nInit;
  private final int nLocal;
  private final int topk;
  private final int[] chunkEnds;

  /** [layer][chunk]: first tokens of the blocks that were looked up. */
  final List<List<List<Integer>>> picked = new ArrayList<>();

  PublishedInfLlm(DecoderShape shape, int nInit, int nLocal, int topk, int[] chunkEnds) {
    this.shape = shape;
    this.nInit = nInit;
    this.nLocal = nLocal;
    this.topk = topk;
    this.chunkEnds = chunkEnds;
  }

  @Override
  public double[][][] probabilities(int layer, double[][][] queries, double[][][] keys) {
    int heads = queries.length;
    int n = queries[0].length;
    double[][][] rows = new double[heads][n][n];
    double[][] localScore = new double[heads][n]; // global_remainder_local_score
    List<Integer> blocks = new ArrayList<>(); // global_blocks, by their first token
    List<double[][]> blockK = new ArrayList<>(); // block_k: per head a vector
    int init = 0; // init_k: tokens [0, init)
    int remainder = 0; // _global_remainder_st
    List<List<Integer>> pickedHere = new ArrayList<>();
    int start = 0;
    for (int end : chunkEnds) {
      // calc_block_topk
      List<Integer> chosen = IntStream.range(0, blocks.size()).boxed().toList();
      if (blocks.size() > topk) {
        double[] logits = new double[blocks.size()];
        for (int h = 0; h < heads; h++) {
          double[] mean = new double[shape.headDim()];
          for (int t = start; t < end; t++) {
            double[] rotated = BruteForceDecoder.rotate(shape, queries[h][t], nLocal);
            for (int i = 0; i < mean.length; i++) {
              mean[i] += rotated[i] / (end - start);
            }
          }
          for (int b = 0; b < blocks.size(); b++) {
            for (int i = 0; i < mean.length; i++) {
              logits[b] += mean[i] * blockK.get(b)[h][i];
            }
          }
        }
        chosen =
            chosen.stream()
                .sorted(Comparator.comparingDouble((Integer b) -> -logits[b]))
                .limit(topk)
                .sorted()
                .toList();
      }
      List<Integer> starts = chosen.stream().map(blocks::get).toList();
      pickedHere.add(starts);
      // local part with its sliding window, global part with the complement, one softmax
      for (int h = 0; h < heads; h++) {
        double[][] own = keys[h * keys.length / heads];
        for (int t = start; t < end; t++) {
          double[] row = rows[h][t];
          for (int j = 0; j < n; j++) {
            int token = j;
            if (j > t) {
              row[j] = Double.NEGATIVE_INFINITY;
            } else if (t - j < nLocal) {
              row[j] = BruteForceDecoder.score(shape, queries[h][t], t, own[j], j);
            } else if (j < init
                || j >= remainder
                || starts.stream().anyMatch(s -> token >= s && token < s + BLOCK_SIZE)) {
              row[j] = BruteForceDecoder.score(shape, queries[h][t], nLocal, own[j], 0);
            } else {
              row[j] = Double.NEGATIVE_INFINITY;
            }
          }
          BruteForceDecoder.softmax(row);
          for (int j = Math.max(0, t - nLocal + 1); j <= t; j++) {
            localScore[h][j] += row[j];
          }
        }
      }
      // append_global
      int length = end - remainder;
      if (init < nInit && length > nLocal) {
        int moved = Math.min(nInit - init, length - nLocal);
        init += moved;
        remainder += moved;
        length -= moved;
      }
      while (length - BLOCK_SIZE >= nLocal) {
        blocks.add(remainder);
        double[][] vectors = new double[heads][shape.headDim()];
        for (int h = 0; h < heads; h++) {
          double[] score = localScore[h];
          double[][] own = keys[h * keys.length / heads];
          double[] vector = vectors[h];
          IntStream.range(remainder, remainder + BLOCK_SIZE)
              .boxed()
              .sorted(Comparator.comparingDouble((Integer j) -> -score[j]))
              .limit(REPR_TOPK)
              .forEach(
                  j -> {
                    for (int i = 0; i < vector.length; i++) {
                      vector[i] += own[j][i] / REPR_TOPK;
                    }
                  });
        }
        blockK.add(vectors);
        remainder += BLOCK_SIZE;
        length -= BLOCK_SIZE;
      }
      start = end;
    }
    picked.add(pickedHere);
    return rows;
  }
}
