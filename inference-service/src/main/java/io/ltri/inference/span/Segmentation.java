package io.ltri.inference.span;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * From triangle scores to spans. The paper sorts candidates by score and thins them by non-maximum
 * suppression; taking the longest first, that squeezes what lies between. Here the <em>same</em>
 * score is maximised over all ways to cut the text, by dynamic programming over the cuts:
 *
 * <pre>  best[y] = max over l = shortest..longest of  best[y - l] + max(S(y - l, y - 1) - rho, 0)
 * </pre>
 *
 * The 0 is a filler: tokens that form no span but must be kept, for whatever leaves the window has
 * to be found again. Fillers obey the same bounds of length, so nothing is ever too short or too
 * long, and no repair by merging or splitting follows that could undo what was optimal: a gap of
 * few tokens goes to the neighbour that loses least by it. Of equal totals that of fewer spans
 * wins. Cost: O(tokens * longest).
 *
 * <p><b>Streams.</b> Tokens come in groups, as they leave the window, and the last cuts of a group
 * would fall elsewhere if more of the text were known. {@link #closable} therefore closes only what
 * no later token can change. Any longer text has its last cut up to here at one of the last {@code
 * longest} positions (no span is longer), and before it is cut as that position's best partition
 * is. A cut that is common to the best partitions of all those positions is thus a cut of every
 * longer text; the spans before it are closed. Where the text is so even that no common cut comes
 * for {@link #openAtMost} tokens, the first span of the best partition is closed nonetheless. Both
 * rules look at rows, not at groups, so <b>the spans of a text do not depend on how it was
 * chunked</b>.
 *
 * <p>Closed spans end at least {@code longest} rows before the end, so that all rows that vote on
 * them ({@link IndexVectors}) are known.
 */
public final class Segmentation {

  private static final int UNREACHED = -1;

  private Segmentation() {}

  /**
   * The best partition of tokens [start, end): covers each once, in order, every length within the
   * settings' bounds; fewer than {@code shortest} tokens are one span, none are no span. What
   * follows {@code end} is not considered: for a text that goes on see {@link #closable}.
   *
   * @param band rows [start, end) at least, as wide as the longest span
   */
  public static List<SpanRange> segment(Band band, int start, int end, SpanSettings settings) {
    require(band, start, end, settings);
    if (start == end) {
      return List.of();
    }
    if (end - start < settings.shortest()) {
      return List.of(shorterThanShortest(band, start, end, settings));
    }
    Cuts cuts = new Cuts(band, start, end, settings);
    while (cuts.reached < end) {
      cuts.advance();
    }
    return cuts.partition(end);
  }

  /**
   * The spans of tokens [start, end) that later tokens cannot change, in order, from {@code start}
   * on. Often none when few tokens are new.
   *
   * @param start where the last span that was taken ended, or the sink if none was
   * @param end the rows up to here decide. Best all that are known, those of the window too: then
   *     take the spans that have left the window, and leave the others for a later call, which
   *     finds them again.
   * @param band rows [start, end) at least, as wide as the longest span
   */
  public static List<SpanRange> closable(Band band, int start, int end, SpanSettings settings) {
    require(band, start, end, settings);
    List<SpanRange> closed = new ArrayList<>();
    Cuts cuts = new Cuts(band, start, end, settings);
    while (cuts.reached < end) {
      cuts.advance();
      if (cuts.reached - cuts.start > openAtMost(settings)) {
        int cut = cuts.commonCut();
        if (cuts.reached - cut > openAtMost(settings)) {
          cut = cuts.firstCutAfter(cut);
        }
        closed.addAll(cuts.partition(cut));
        cuts = cuts.restartAt(cut);
      }
    }
    closed.addAll(cuts.partition(cuts.commonCut()));
    return List.copyOf(closed);
  }

  /** Most tokens that {@link #closable} leaves open, however even the text is. */
  public static int openAtMost(SpanSettings settings) {
    return 4 * settings.longest();
  }

  static void require(Band band, int start, int end, SpanSettings settings) {
    if (band.width() < settings.longest()) {
      throw new IllegalArgumentException(
          "the band is %d wide, spans may be %d long: make it at least as wide"
              .formatted(band.width(), settings.longest()));
    }
    if (start < band.firstColumn() || end < start) {
      throw new IllegalArgumentException(
          "tokens [%d, %d) cannot be cut into spans: the sink ends at %d"
              .formatted(start, end, band.firstColumn()));
    }
    band.requireRows(start, end);
  }

  private static SpanRange shorterThanShortest(
      Band band, int start, int end, SpanSettings settings) {
    return new SpanRange(start, end, TriangleScores.of(band, start, end, settings));
  }

  /** The best partitions of [start, y) for every y reached so far. */
  private static final class Cuts {

    private final Band band;
    private final SpanSettings settings;
    private final int start;
    private final int end;
    private final TriangleScores scores;

    /** By y - start: total of the best partition of [start, y). */
    private final double[] best;

    /** By y - start: where its last span starts, and that span's score. */
    private final int[] before;

    private final float[] lastScore;

    /** By y - start: spans of the best partition. */
    private final int[] spans;

    private int reached;

    Cuts(Band band, int start, int end, SpanSettings settings) {
      this.band = band;
      this.settings = settings;
      this.start = start;
      this.end = end;
      this.reached = start;
      scores = new TriangleScores(band, start, settings);
      best = new double[end - start + 1];
      before = new int[end - start + 1];
      lastScore = new float[end - start + 1];
      spans = new int[end - start + 1];
      Arrays.fill(before, UNREACHED);
    }

    void advance() {
      scores.advance();
      reached++;
      int y = reached - start;
      double highest = Double.NEGATIVE_INFINITY;
      int longest = Math.min(settings.longest(), y);
      for (int length = settings.shortest(); length <= longest; length++) {
        int x = y - length;
        if (x > 0 && before[x] == UNREACHED) {
          continue;
        }
        double score = scores.ofLength(length);
        double total = best[x] + Math.max(score - settings.spanCost(), 0);
        if (total > highest || (total == highest && spans[x] + 1 < spans[y])) {
          highest = total;
          best[y] = total;
          before[y] = start + x;
          lastScore[y] = (float) score;
          spans[y] = spans[x] + 1;
        }
      }
    }

    /** The spans of the best partition of [start, y). */
    List<SpanRange> partition(int y) {
      List<SpanRange> partition = new ArrayList<>();
      for (int cut = y; cut > start; cut = before[cut - start]) {
        partition.add(new SpanRange(before[cut - start], cut, lastScore[cut - start]));
      }
      Collections.reverse(partition);
      return partition;
    }

    /** The last cut that the best partitions of all positions a later span may start at share. */
    int commonCut() {
      int oldest = reached - settings.longest();
      if (oldest < start + settings.shortest()) {
        return start;
      }
      boolean[] met = new boolean[reached - start + 1];
      Arrays.fill(met, oldest - start, reached - start + 1, true);
      int paths = reached - oldest + 1;
      int cut = reached;
      while (true) {
        if (met[cut - start]) {
          if (paths == 1) {
            return cut;
          }
          int previous = before[cut - start] - start;
          if (met[previous]) {
            paths--;
          }
          met[previous] = true;
        }
        cut--;
      }
    }

    /**
     * The cut that follows y on the best partition of what was reached, y being one of its cuts.
     */
    int firstCutAfter(int y) {
      int cut = reached;
      while (before[cut - start] > y) {
        cut = before[cut - start];
      }
      return cut;
    }

    Cuts restartAt(int cut) {
      Cuts restarted = new Cuts(band, cut, end, settings);
      while (restarted.reached < reached) {
        restarted.advance();
      }
      return restarted;
    }
  }
}
