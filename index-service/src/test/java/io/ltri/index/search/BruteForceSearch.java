package io.ltri.index.search;

import io.ltri.index.store.DocumentLayout;
import io.ltri.index.store.RandomSpans;
import io.ltri.index.store.RandomSpans.Plain;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The definition of the two-stage look-up, word for word, in double precision. */
final class BruteForceSearch {

  record Found(int document, int span, double[] mass) {
    double sum() {
      double sum = 0;
      for (double m : mass) {
        sum += m;
      }
      return sum;
    }
  }

  record Answer(List<Found> candidates, double[] logSums, double closestStageOneGap) {}

  private record Slot(int document, int span, Plain plain) {}

  private BruteForceSearch() {}

  static Answer search(List<List<Plain>> documents, DocumentLayout layout, LookUp lookUp) {
    List<Slot> slots = new ArrayList<>();
    for (int d = 0; d < documents.size(); d++) {
      for (int s = 0; s < documents.get(d).size(); s++) {
        slots.add(new Slot(d, s, documents.get(d).get(s)));
      }
    }
    int n = lookUp.queryCount();
    int dim = layout.headDim();
    double[] order = new double[slots.size()];
    double[][] shares = new double[slots.size()][layout.queryHeads()];
    double[] logSums = new double[layout.queryHeads() * n];
    for (int h = 0; h < layout.queryHeads(); h++) {
      double[] most = new double[slots.size()];
      for (int q = 0; q < n; q++) {
        double[] scores = new double[slots.size()];
        for (int s = 0; s < scores.length; s++) {
          float[] vectors = slots.get(s).plain().vectors();
          int rows = vectors.length / (layout.kvHeads() * dim);
          scores[s] = Double.NEGATIVE_INFINITY;
          for (int v = 0; v < rows; v++) {
            int at = (v * layout.kvHeads() + h / layout.group()) * dim;
            float[] coded = RandomSpans.coded(vectors, at, dim, 0);
            scores[s] = Math.max(scores[s], dot(lookUp, h, q, dim, coded, 0) * layout.scoreScale());
          }
        }
        logSums[h * n + q] = softmax(scores);
        for (int s = 0; s < scores.length; s++) {
          most[s] = Math.max(most[s], scores[s]);
        }
      }
      for (int s = 0; s < most.length; s++) {
        shares[s][h] = most[s];
        order[s] =
            lookUp.stageOne() == LookUp.StageOne.MAX
                ? Math.max(order[s], most[s])
                : order[s] + most[s];
      }
    }
    List<Integer> ranked = new ArrayList<>();
    for (int s = 0; s < slots.size(); s++) {
      ranked.add(s);
    }
    ranked.sort(Comparator.comparingDouble((Integer s) -> -order[s]).thenComparing(s -> s));
    List<Slot> candidates = new ArrayList<>();
    List<Found> ofStageOne = new ArrayList<>();
    long tokens = 0;
    double gap = Double.POSITIVE_INFINITY;
    for (int i = 0; i < ranked.size(); i++) {
      Slot slot = slots.get(ranked.get(i));
      tokens += slot.plain().end() - slot.plain().start();
      if (tokens > lookUp.candidateTokens()) {
        if (i > 0) {
          gap = order[ranked.get(i - 1)] / order[ranked.get(i)] - 1;
        }
        break;
      }
      candidates.add(slot);
      ofStageOne.add(new Found(slot.document(), slot.span(), shares[ranked.get(i)]));
    }
    if (lookUp.oneStage()) {
      return new Answer(ofStageOne, logSums, gap);
    }
    candidates.sort(Comparator.comparingInt(Slot::document).thenComparingInt(Slot::span));
    return stageTwo(candidates, layout, lookUp, gap);
  }

  private static Answer stageTwo(
      List<Slot> candidates, DocumentLayout layout, LookUp lookUp, double gap) {
    int n = lookUp.queryCount();
    int dim = layout.headDim();
    int tokens = candidates.stream().mapToInt(c -> c.plain().end() - c.plain().start()).sum();
    double[][] masses = new double[candidates.size()][layout.queryHeads()];
    double[] logSums = new double[layout.queryHeads() * n];
    for (int h = 0; h < layout.queryHeads(); h++) {
      double[] most = new double[tokens];
      for (int q = 0; q < n; q++) {
        double[] scores = new double[tokens];
        int at = 0;
        for (Slot candidate : candidates) {
          int length = candidate.plain().end() - candidate.plain().start();
          for (int t = 0; t < length; t++) {
            int key = ((h / layout.group()) * length + t) * dim;
            scores[at++] =
                dot(lookUp, h, q, dim, candidate.plain().keys(), key) * layout.scoreScale();
          }
        }
        logSums[h * n + q] = softmax(scores);
        for (int t = 0; t < tokens; t++) {
          most[t] = Math.max(most[t], scores[t]);
        }
      }
      int at = 0;
      for (int c = 0; c < candidates.size(); c++) {
        int length = candidates.get(c).plain().end() - candidates.get(c).plain().start();
        for (int t = 0; t < length; t++) {
          masses[c][h] += most[at++];
        }
      }
    }
    List<Found> found = new ArrayList<>();
    for (int c = 0; c < candidates.size(); c++) {
      found.add(new Found(candidates.get(c).document(), candidates.get(c).span(), masses[c]));
    }
    found.sort(Comparator.comparingDouble((Found f) -> -f.sum()));
    return new Answer(found, logSums, gap);
  }

  private static double dot(LookUp lookUp, int head, int query, int dim, float[] with, int at) {
    int from = (head * lookUp.queryCount() + query) * dim;
    double sum = 0;
    for (int d = 0; d < dim; d++) {
      sum += (double) lookUp.queries()[from + d] * with[at + d];
    }
    return sum;
  }

  /** In place; returns the log of the sum of exponentials. */
  private static double softmax(double[] scores) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double score : scores) {
      largest = Math.max(largest, score);
    }
    double sum = 0;
    for (double score : scores) {
      sum += Math.exp(score - largest);
    }
    for (int i = 0; i < scores.length; i++) {
      scores[i] = Math.exp(scores[i] - largest) / sum;
    }
    return largest + Math.log(sum);
  }
}
