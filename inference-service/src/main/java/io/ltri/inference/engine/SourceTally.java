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
 * Adds up which tokens of a document the steps of an answer attend to, and names the spans that
 * they were about. Layers cut a text at different places, so mass is kept per token, and the spans
 * of all layers compete with what their tokens have together. Steps on the compute thread, all else
 * between them.
 *
 * <p>Most attention goes, at every step, to the same few places, whatever is asked: these say
 * nothing. So a token is worth what its mass m tells the steps apart, its part of the mutual
 * information between step and place, {@code mean(m ln m) - mean(m) ln mean(m)}: nothing where all
 * steps look alike, most where few steps look and look hard.
 */
final class SourceTally implements AttentionWatch {

  /** What is resident at the end of a document has no spans yet: it competes in such runs. */
  private static final int RUN_TOKENS = 32;

  /**
   * A span and what its tokens have.
   *
   * @param middle the token with which half of its weight has come: what it was looked at for may
   *     stand anywhere in it
   * @param weight its share of what all tokens of the document are worth, between 0 and 1
   * @param attention share of all attention that it received: a mean over layers, query heads and
   *     steps
   */
  record Weighted(int start, int end, int middle, double weight, double attention) {}

  private final int layers;
  private final int firstToken;

  /** Of the text that can be a source; what follows is the question's and the answer's own. */
  private final int endToken;

  /** What each token received in the step: a sum over layers. */
  private final float[] step;

  /** Of the steps before, the sums of m and of m ln m, m a mean over layers. */
  private final double[] sum;

  private final double[] logSum;
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
    this.sum = new double[documentTokens];
    this.logSum = new double[documentTokens];
  }

  @Override
  public void beginStep() {
    if (layersSeen == layers) {
      for (int token = firstToken; token < endToken; token++) {
        double mass = step[token] / layers;
        if (mass > 0) {
          sum[token] += mass;
          logSum[token] += mass * Math.log(mass);
        }
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

  /**
   * The best spans of the last step against those before, best first, disjoint; empty if it was not
   * complete.
   */
  List<Weighted> ofStep(int most) {
    if (layersSeen < layers) {
      return List.of();
    }
    double[] worth = new double[step.length];
    double[] mass = new double[step.length];
    for (int token = firstToken; token < endToken; token++) {
      mass[token] = step[token] / layers;
      double mean = (sum[token] + mass[token]) / (steps + 1);
      // Nothing tells the first step apart: then the mass itself counts.
      worth[token] =
          mass[token] <= 0
              ? 0
              : steps == 0 ? mass[token] : Math.max(0, mass[token] * Math.log(mass[token] / mean));
    }
    return best(worth, mass, stepSpans, most);
  }

  /** The best spans of all steps so far, best first, disjoint. */
  List<Weighted> ofAllSteps(int most) {
    beginStep();
    double[] worth = new double[step.length];
    double[] mass = new double[step.length];
    for (int token = firstToken; token < endToken; token++) {
      if (sum[token] > 0) {
        mass[token] = sum[token] / steps;
        worth[token] =
            steps == 1
                ? mass[token]
                : Math.max(0, logSum[token] / steps - mass[token] * Math.log(mass[token]));
      }
    }
    return best(worth, mass, spans, most);
  }

  /** What all tokens of the document behind the sink received of all steps' attention. */
  double documentShare() {
    beginStep();
    return steps == 0 ? 0 : Arrays.stream(sum).sum() / steps;
  }

  private static List<Weighted> best(
      double[] worth, double[] mass, Set<TokenRange> spans, int most) {
    double[] worthUntil = until(worth);
    double[] massUntil = until(mass);
    double all = worthUntil[worth.length];
    if (all <= 0) {
      return List.of();
    }
    List<Weighted> ranked =
        spans.stream()
            .map(
                span ->
                    new Weighted(
                        span.start(),
                        span.end(),
                        middle(worthUntil, span),
                        (worthUntil[span.end()] - worthUntil[span.start()]) / all,
                        massUntil[span.end()] - massUntil[span.start()]))
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

  private static int middle(double[] worthUntil, TokenRange span) {
    double half = (worthUntil[span.start()] + worthUntil[span.end()]) / 2;
    int token = span.start();
    while (token + 1 < span.end() && worthUntil[token + 1] < half) {
      token++;
    }
    return token;
  }

  private static double[] until(double[] values) {
    double[] until = new double[values.length + 1];
    for (int i = 0; i < values.length; i++) {
      until[i + 1] = until[i] + values[i];
    }
    return until;
  }
}
