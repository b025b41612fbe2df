package io.ltri.inference.span;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Spans as the paper selects them: candidates are sorted by triangle score, best first, and one is
 * taken if its intersection over union with every one taken before is at most {@code nmsOverlap}.
 * What of it is covered already is trimmed off, of two rests the longer one stays.
 *
 * <p>The public parts of the paper do not say what becomes of tokens in no span. Here gaps become
 * fillers; then a piece shorter than {@code shortest} is joined to the neighbour that scores
 * better, and one longer than {@code longest} is cut where that loses least of its score.
 *
 * <p>Suppression looks at all of a text at once. For a stream, the span at a position is the first
 * of the partition of the {@link Segmentation#openAtMost} tokens from there on, which depends on
 * nothing else.
 */
final class NonMaximumSuppression implements Segmenter {
  private final SpanSettings settings;

  NonMaximumSuppression(SpanSettings settings) {
    this.settings = settings;
  }

  @Override
  public List<SpanRange> closable(Band band, int start, int end) {
    Segmentation.require(band, start, end, settings);
    int horizon = Segmentation.openAtMost(settings);
    if (end - start < horizon) {
      return List.of();
    }
    Scores scores = new Scores(band, start, end, settings);
    List<SpanRange> closed = new ArrayList<>();
    int at = start;
    while (at + horizon <= end) {
      SpanRange first = partition(scores, at, at + horizon).getFirst();
      closed.add(first);
      at = first.end();
    }
    return List.copyOf(closed);
  }

  /** The partition of tokens [start, end), as if there were no others. */
  List<SpanRange> partition(Band band, int start, int end) {
    Segmentation.require(band, start, end, settings);
    return start == end ? List.of() : partition(new Scores(band, start, end, settings), start, end);
  }

  private List<SpanRange> partition(Scores scores, int start, int end) {
    List<Piece> pieces = withFillers(taken(scores, start, end), start, end);
    joinShort(pieces, scores);
    List<SpanRange> spans = new ArrayList<>();
    for (Piece piece : pieces) {
      cutLong(piece, scores, spans);
    }
    return spans;
  }

  /** Tokens [start, end). */
  private record Piece(int start, int end) {
    int length() {
      return end - start;
    }

    double overlap(Piece other) {
      int shared = Math.min(end, other.end) - Math.max(start, other.start);
      return shared <= 0 ? 0 : (double) shared / (length() + other.length() - shared);
    }
  }

  /** Disjoint, in text order. */
  private List<Piece> taken(Scores scores, int start, int end) {
    List<Piece> asProposed = new ArrayList<>();
    List<Piece> taken = new ArrayList<>();
    boolean[] covered = new boolean[end - start];
    int lengths = settings.longest() + 1;
    for (long key : candidates(scores, start, end)) {
      int place = (int) key;
      int x = start + place / lengths;
      int y = x + lengths - 1 - place % lengths;
      if (settings.cutting().nmsOverlap() == 0 && (covered[x - start] || covered[y - 1 - start])) {
        continue; // Most are, and need no closer look.
      }
      Piece candidate = new Piece(x, y);
      if (suppressed(candidate, asProposed)) {
        continue;
      }
      Piece rest = longestRest(candidate, covered, start);
      if (rest.length() > 0) {
        asProposed.add(candidate);
        taken.add(rest);
        Arrays.fill(covered, rest.start() - start, rest.end() - start, true);
      }
    }
    taken.sort(Comparator.comparingInt(Piece::start));
    return taken;
  }

  private boolean suppressed(Piece candidate, List<Piece> taken) {
    for (Piece other : taken) {
      if (other.overlap(candidate) > settings.cutting().nmsOverlap()) {
        return true;
      }
    }
    return false;
  }

  /**
   * Runs that score above the span cost, best first; of equals the earlier, then the longer.
   *
   * @return in the lower half of each, (start - first token) * (longest + 1) + longest - length
   */
  private long[] candidates(Scores scores, int start, int end) {
    int lengths = settings.longest() + 1;
    long[] keys = new long[(end - start) * lengths];
    int count = 0;
    for (int x = start; x < end; x++) {
      int longest = Math.min(settings.longest(), end - x);
      for (int length = settings.shortest(); length <= longest; length++) {
        float score = (float) scores.of(x, x + length);
        if (score > settings.spanCost()) {
          // Bits of positive floats are ordered as the floats are.
          long falling = Integer.MAX_VALUE - Float.floatToIntBits(score);
          keys[count++] = falling << 32 | ((x - start) * lengths + lengths - 1 - length);
        }
      }
    }
    Arrays.sort(keys, 0, count);
    return Arrays.copyOf(keys, count);
  }

  private static Piece longestRest(Piece candidate, boolean[] covered, int start) {
    Piece longest = new Piece(candidate.start(), candidate.start());
    int from = candidate.start();
    for (int i = candidate.start(); i <= candidate.end(); i++) {
      if (i == candidate.end() || covered[i - start]) {
        if (i - from > longest.length()) {
          longest = new Piece(from, i);
        }
        from = i + 1;
      }
    }
    return longest;
  }

  private static List<Piece> withFillers(List<Piece> taken, int start, int end) {
    List<Piece> pieces = new ArrayList<>();
    int at = start;
    for (Piece piece : taken) {
      if (piece.start() > at) {
        pieces.add(new Piece(at, piece.start()));
      }
      pieces.add(piece);
      at = piece.end();
    }
    if (at < end) {
      pieces.add(new Piece(at, end));
    }
    return pieces;
  }

  private void joinShort(List<Piece> pieces, Scores scores) {
    int i = 0;
    while (i < pieces.size() && pieces.size() > 1) {
      if (pieces.get(i).length() >= settings.shortest()) {
        i++;
        continue;
      }
      boolean toTheLeft =
          i == pieces.size() - 1
              || (i > 0 && scores.of(pieces.get(i - 1)) >= scores.of(pieces.get(i + 1)));
      int left = toTheLeft ? i - 1 : i;
      Piece joined = new Piece(pieces.get(left).start(), pieces.get(left + 1).end());
      pieces.set(left, joined);
      pieces.remove(left + 1);
      i = left;
    }
  }

  private void cutLong(Piece piece, Scores scores, List<SpanRange> spans) {
    if (piece.length() <= settings.longest()) {
      spans.add(new SpanRange(piece.start(), piece.end(), (float) scores.of(piece)));
      return;
    }
    int middle = piece.start() + piece.length() / 2;
    int cut = middle;
    double most = Double.NEGATIVE_INFINITY;
    // From the middle outwards, so that of equal cuts that one wins which leaves the most even
    // parts.
    for (int i = 0; i < 2 * piece.length(); i++) {
      int at = middle + (i % 2 == 0 ? i / 2 : -(i + 1) / 2);
      if (at - piece.start() < settings.shortest() || piece.end() - at < settings.shortest()) {
        continue;
      }
      double kept = scores.of(piece.start(), at) + scores.of(at, piece.end());
      if (kept > most) {
        most = kept;
        cut = at;
      }
    }
    cutLong(new Piece(piece.start(), cut), scores, spans);
    cutLong(new Piece(cut, piece.end()), scores, spans);
  }

  /**
   * Triangle scores of all runs of a text. Of a run longer than the longest span, cells that are
   * further from the diagonal than that do not count.
   */
  private static final class Scores {
    private final int start;
    private final int longest;

    /** By row, then length: the score of the tokens up to the row. */
    private final double[] scores;

    /** By row, then length: what the row adds to it. */
    private final double[] gains;

    Scores(Band band, int start, int end, SpanSettings settings) {
      this.start = start;
      this.longest = settings.longest();
      scores = new double[(end - start) * (longest + 1)];
      gains = new double[scores.length];
      TriangleScores rows = new TriangleScores(band, start, settings);
      for (int row = start; row < end; row++) {
        rows.advance();
        rows.copyTo(scores, gains, (row - start) * (longest + 1));
      }
    }

    double of(Piece piece) {
      return of(piece.start(), piece.end());
    }

    double of(int x, int y) {
      if (y - x <= longest) {
        return scores[(y - 1 - start) * (longest + 1) + y - x];
      }
      double score = 0;
      for (int row = x; row < y; row++) {
        score += gains[(row - start) * (longest + 1) + Math.min(longest, row - x + 1)];
      }
      return score;
    }
  }
}
