package io.ltri.inference.span;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The vectors by which a span is found again: keys before rotation, summarised per KV head.
 *
 * <p>The paper has static and dynamic index vectors, lets neighbours vote, and gives a span more
 * vectors the less confident it is of itself, confidence being a ratio between the span and its
 * neighbours. It leaves open (in its public parts) how each is computed. Here, for a span s = [x,
 * y) whose neighbours are the {@code longest} tokens before and after it (not the spans next to it:
 * the next one may not be closed yet, and its end would then depend on how the text was chunked):
 *
 * <ul>
 *   <li>static vector: the mean of the span's keys;
 *   <li>votes of a token j of s: the mean of A[i, j] over the rows i &gt;= j of s and of the
 *       neighbour after it. A mean, for early tokens are seen by more rows;
 *   <li>confidence: {@code In / (In + Cross)}, In the mean of A over the span's triangle, Cross the
 *       mean over the cells where the span looks at the neighbour before it or is looked at from
 *       the one after it;
 *   <li>number of dynamic vectors: {@code ceil((1 - confidence) * most)}, from 1 to {@code most}
 *       and to the span's length;
 *   <li>dynamic vectors: the keys with the most votes; where it is one, the mean of the keys
 *       weighted by their votes.
 * </ul>
 *
 * <p>The static vector comes first, then the dynamic ones, the most voted first. {@link VectorForm}
 * names the other choices: one of the two kinds alone, every key, or the means of short runs of
 * them, both in text order.
 */
public final class IndexVectors {

  /** Tokens of a run whose mean is a vector under {@link VectorForm#SUB_MEANS}. */
  static final int SUB_SPAN_TOKENS = 8;

  private IndexVectors() {}

  /**
   * Summarises spans, each by itself.
   *
   * @param band at least {@link SpanSettings#bandWidth} wide; rows from the first span's start on,
   *     and {@code longest} beyond the last span's end: where the band ends sooner, fewer rows vote
   * @param spans none longer than the settings allow
   * @param keys those of all tokens of the spans
   */
  public static List<ClosedSpan> summarise(
      Band band, List<SpanRange> spans, KeySource keys, SpanSettings settings) {
    if (band.width() < settings.bandWidth()) {
      throw new IllegalArgumentException(
          "the band is %d wide, votes reach over twice the longest span: make it at least %d"
              .formatted(band.width(), settings.bandWidth()));
    }
    List<ClosedSpan> closed = new ArrayList<>(spans.size());
    for (SpanRange span : spans) {
      closed.add(summarise(span, standing(band, span, settings), keys, settings));
    }
    return closed;
  }

  /**
   * How a span stands in the attention of its layer.
   *
   * @param votes [span length]
   * @param confidence 0 to 1; 0 where there is no attention at all
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Standing(float[] votes, float confidence) {}

  static Standing standing(Band band, SpanRange span, SpanSettings settings) {
    int x = span.start();
    int y = span.end();
    if (span.length() > settings.longest()) {
      throw new IllegalArgumentException(
          "span [%d, %d) is longer than the settings allow (%d)"
              .formatted(x, y, settings.longest()));
    }
    band.requireRows(x, y);
    int firstColumn = Math.max(band.firstColumn(), x - settings.longest());
    int endRow = Math.min(band.endRow(), y + settings.longest());
    float[] cells = band.cells();
    double[] votes = new double[span.length()];
    double in = 0;
    double cross = 0;
    for (int row = x; row < endRow; row++) {
      int diagonal = band.indexOf(row) + row; // The cell of column j lies at diagonal - j.
      double onSpan = 0;
      for (int column = x; column < Math.min(row + 1, y); column++) {
        float cell = cells[diagonal - column];
        votes[column - x] += cell;
        onSpan += cell;
      }
      if (row >= y) {
        cross += onSpan;
        continue;
      }
      in += onSpan;
      for (int column = firstColumn; column < x; column++) {
        cross += cells[diagonal - column];
      }
    }
    float[] meanVotes = new float[votes.length];
    for (int i = 0; i < votes.length; i++) {
      meanVotes[i] = (float) (votes[i] / (endRow - x - i));
    }
    double inCells = span.length() * (span.length() + 1) / 2.0;
    double crossCells = (double) span.length() * (x - firstColumn + endRow - y);
    double inMean = in / inCells;
    double crossMean = crossCells == 0 ? 0 : cross / crossCells;
    double both = inMean + crossMean;
    return new Standing(meanVotes, both == 0 ? 0 : (float) (inMean / both));
  }

  static int dynamicVectors(float confidence, int length, SpanSettings settings) {
    int most = Math.min(settings.mostDynamicVectors(), length);
    return Math.clamp((int) Math.ceil((1 - confidence) * settings.mostDynamicVectors()), 1, most);
  }

  private static ClosedSpan summarise(
      SpanRange span, Standing standing, KeySource keys, SpanSettings settings) {
    List<float[]> weights = weights(span, standing, settings);
    int headDim = keys.headDim();
    int vectorStep = keys.kvHeads() * headDim;
    float[] vectors = new float[weights.size() * vectorStep];
    float[] own = new float[span.length() * headDim];
    for (int head = 0; head < keys.kvHeads(); head++) {
      keys.copy(head, span.start(), span.end(), own);
      int at = head * headDim;
      for (float[] weighted : weights) {
        mean(own, weighted, headDim, vectors, at);
        at += vectorStep;
      }
    }
    return new ClosedSpan(
        span.start(), span.end(), span.score(), standing.confidence(), vectors, weights.size());
  }

  /** What each vector is made of: weights of the span's keys, [span length] each. */
  private static List<float[]> weights(SpanRange span, Standing standing, SpanSettings settings) {
    int length = span.length();
    List<float[]> weights = new ArrayList<>();
    switch (settings.vectors()) {
      case STATIC -> weights.add(run(length, 0, length));
      case DYNAMIC -> {
        weights.add(run(length, 0, length));
        addVoted(weights, standing, length, settings);
      }
      case VOTED -> addVoted(weights, standing, length, settings);
      case EVERY_KEY -> {
        for (int token = 0; token < length; token++) {
          weights.add(run(length, token, token + 1));
        }
      }
      case SUB_MEANS -> {
        for (int from = 0; from < length; from += SUB_SPAN_TOKENS) {
          weights.add(run(length, from, Math.min(length, from + SUB_SPAN_TOKENS)));
        }
      }
    }
    return weights;
  }

  private static void addVoted(
      List<float[]> weights, Standing standing, int length, SpanSettings settings) {
    int dynamic = dynamicVectors(standing.confidence(), length, settings);
    if (dynamic == 1) {
      weights.add(standing.votes());
      return;
    }
    for (int token : mostVoted(standing.votes(), dynamic)) {
      weights.add(run(length, token, token + 1));
    }
  }

  private static float[] run(int length, int from, int end) {
    float[] weights = new float[length];
    Arrays.fill(weights, from, end, 1f);
    return weights;
  }

  /** Weighted mean of a span's keys; without any weight, the plain one. */
  private static void mean(float[] own, float[] weights, int headDim, float[] vectors, int at) {
    double total = 0;
    for (float weight : weights) {
      total += weight;
    }
    double[] sum = new double[headDim];
    for (int token = 0; token < weights.length; token++) {
      double weight = total == 0 ? 1.0 / weights.length : weights[token] / total;
      if (weight == 0) {
        continue;
      }
      for (int i = 0; i < headDim; i++) {
        sum[i] += weight * own[token * headDim + i];
      }
    }
    for (int i = 0; i < headDim; i++) {
      vectors[at + i] = (float) sum[i];
    }
  }

  /** The tokens with the most votes, most first; of equals the earlier one. */
  private static int[] mostVoted(float[] votes, int count) {
    boolean[] taken = new boolean[votes.length];
    int[] tokens = new int[count];
    for (int n = 0; n < count; n++) {
      int best = -1;
      for (int token = 0; token < votes.length; token++) {
        if (!taken[token] && (best < 0 || votes[token] > votes[best])) {
          best = token;
        }
      }
      taken[best] = true;
      tokens[n] = best;
    }
    return tokens;
  }
}
