package io.ltri.inference.engine;

import io.ltri.inference.attention.AttentionWatch;
import io.ltri.inference.attention.TokenRange;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Adds up which tokens of a document the steps of an answer attend to, and names the spans with
 * most of it. Layers cut a text at different places, so mass is kept per token, and the spans of
 * all layers compete with what their tokens received together. Steps on the compute thread, all
 * else between them.
 */
final class SourceTally implements AttentionWatch {

  /** What is resident at the end of a document has no spans yet: it competes in such runs. */
  private static final int RUN_TOKENS = 32;

  /**
   * A span and what its tokens received.
   *
   * @param weight share of the attention, mean over layers, query heads and steps
   */
  record Weighted(int start, int end, double weight) {}

  private final int layers;
  private final int firstToken;

  /** Of the text that can be a source; what follows is the question's and the answer's own. */
  private final int endToken;

  /** What each token received in the step, and in those before: sums over layers. */
  private final float[] step;

  private final double[] before;
  private final Set<TokenRange> stepSpans = new HashSet<>();
  private final Set<TokenRange> spans = new HashSet<>();
  private int layersSeen;
  private int steps;
  private float[] row = new float[0];
  private float[] sums = new float[0];

  /**
   * @param sinkTokens at the beginning of the text, which are attended to whatever they say
   * @param documentTokens at the beginning of the text, which can be sources
   */
  SourceTally(int layers, int sinkTokens, int documentTokens) {
    this.layers = layers;
    this.firstToken = Math.min(sinkTokens, documentTokens);
    this.endToken = documentTokens;
    this.step = new float[documentTokens];
    this.before = new double[documentTokens];
  }

  @Override
  public void beginStep() {
    if (layersSeen == layers) {
      for (int token = firstToken; token < endToken; token++) {
        before[token] += step[token];
      }
      spans.addAll(stepSpans);
      steps++;
    }
    layersSeen = 0;
    stepSpans.clear();
    Arrays.fill(step, 0);
  }

  @Override
  public void attended(
      int layer,
      List<TokenRange> retrieved,
      int localStart,
      int end,
      int queries,
      int queryHeads,
      MemorySegment received) {
    int columns = Math.toIntExact(received.byteSize() / 4 / queryHeads);
    if (sums.length < columns) {
      sums = new float[columns];
      row = new float[columns];
    }
    Arrays.fill(sums, 0, columns, 0);
    for (int head = 0; head < queryHeads; head++) {
      MemorySegment.copy(received, ValueLayout.JAVA_FLOAT, 4L * head * columns, row, 0, columns);
      for (int column = 0; column < columns; column++) {
        sums[column] += row[column];
      }
    }
    float share = 1f / (queryHeads * queries);
    int column = 0;
    for (TokenRange span : retrieved) {
      add(span.start(), span.end(), column, share);
      column += span.end() - span.start();
      if (span.start() >= firstToken && span.end() <= endToken) {
        stepSpans.add(span);
      }
    }
    add(localStart, end, column, share);
    addRuns(Math.max(localStart, firstToken));
    layersSeen++;
  }

  private void add(int start, int end, int column, float share) {
    for (int token = Math.max(start, firstToken); token < Math.min(end, endToken); token++) {
      step[token] += share * sums[column + token - start];
    }
  }

  private void addRuns(int localStart) {
    for (int run = localStart / RUN_TOKENS; run * RUN_TOKENS < endToken; run++) {
      int start = Math.max(firstToken, run * RUN_TOKENS);
      int end = Math.min(endToken, (run + 1) * RUN_TOKENS);
      if (start < end) {
        stepSpans.add(new TokenRange(start, end));
      }
    }
  }

  /** The best spans of the last step, best first, disjoint; empty if it was not complete. */
  List<Weighted> ofStep(int most) {
    if (layersSeen < layers) {
      return List.of();
    }
    double[] mass = new double[step.length];
    for (int token = firstToken; token < endToken; token++) {
      mass[token] = step[token] / layers;
    }
    return best(mass, stepSpans, most);
  }

  /** The best spans of all steps so far, best first, disjoint. */
  List<Weighted> ofAllSteps(int most) {
    beginStep();
    return best(perStep(), spans, most);
  }

  /** What all tokens of the document behind the sink received of all steps' attention. */
  double documentShare() {
    beginStep();
    return Arrays.stream(perStep()).sum();
  }

  private double[] perStep() {
    double all = Math.max(1, steps) * (double) layers;
    return Arrays.stream(before).map(sum -> sum / all).toArray();
  }

  private static List<Weighted> best(double[] mass, Set<TokenRange> spans, int most) {
    double[] until = new double[mass.length + 1];
    for (int token = 0; token < mass.length; token++) {
      until[token + 1] = until[token] + mass[token];
    }
    List<Weighted> ranked =
        spans.stream()
            .map(
                span ->
                    new Weighted(span.start(), span.end(), until[span.end()] - until[span.start()]))
            .filter(span -> span.weight() > 0)
            .sorted(
                Comparator.comparingDouble(Weighted::weight)
                    .reversed()
                    .thenComparing(Weighted::start)
                    .thenComparing(Weighted::end))
            .toList();
    List<Weighted> taken = new ArrayList<>();
    for (Weighted span : ranked) {
      if (taken.size() == most) {
        break;
      }
      if (taken.stream().allMatch(o -> span.end() <= o.start() || o.end() <= span.start())) {
        taken.add(span);
      }
    }
    return List.copyOf(taken);
  }
}
