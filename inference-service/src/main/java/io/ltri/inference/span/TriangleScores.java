package io.ltri.inference.span;

/**
 * The triangle attention score (the paper's span score): for tokens x..y
 *
 * <pre>  S(x, y) = sum over i = x..y, j = x..i of (A[i, j] - theta_i)</pre>
 *
 * the attention that the tokens pay each other above a baseline; only the cells of the triangle
 * below the diagonal count. A cell is worth what it has above theta, so a span stops gaining where
 * its rows begin to look elsewhere.
 *
 * <p>The public parts of the paper say that theta is a constant, not which. Here it follows the
 * row, unless {@link ThetaForm#CONSTANT} is set, for a fixed one fails at the start of a text,
 * where the little there is to look at has much attention per token:
 *
 * <pre>  theta_i = c * (sum of A[i, j] over the band's columns) / (number of those columns)</pre>
 *
 * The columns are the last {@code longest} tokens up to i, less those of the sink, which are zero
 * and would pull theta down; so the first rows behind the sink divide by 1, 2, 3, ... <b>Theta is a
 * property of the row alone</b>. Clipping it to the tokens that are being segmented would be cheap,
 * but then the same cell would be worth more or less depending on where a group of tokens happens
 * to begin, and a text would be cut differently when read in other chunks.
 *
 * <p>Scores need no square of sums: with row y, every span that ended at y - 1 grows by one row,
 *
 * <pre>  S(x, y) = S(x, y - 1) + sum over j = x..y of (A[y, j] - theta_y)</pre>
 *
 * which is {@code longest} steps per token. Sums are float64: they begin at the span itself, so
 * they are the same whatever was scored before.
 */
final class TriangleScores {

  private final Band band;
  private final int start;
  private final int longest;
  private final SpanSettings settings;

  /** [longest + 1]: scores[l] is that of the l tokens up to the last row. */
  private final double[] scores;

  /** [longest + 1]: gains[l] is what the last row adds to a span that is l long with it. */
  private final double[] gains;

  private int next;

  /** Scores of spans that start at {@code start} or later. */
  TriangleScores(Band band, int start, SpanSettings settings) {
    this.band = band;
    this.start = start;
    this.next = start;
    this.longest = settings.longest();
    this.settings = settings;
    this.scores = new double[longest + 1];
    this.gains = new double[longest + 1];
  }

  /** Takes the next row: afterwards {@link #ofLength} speaks of spans that end with it. */
  void advance() {
    float[] cells = band.cells();
    int at = band.indexOf(next);
    double theta = theta(next);
    int lengths = Math.min(longest, next - start + 1);
    double gain = 0;
    for (int length = 1; length <= lengths; length++) {
      gain += cells[at + length - 1] - theta;
      gains[length] = gain;
    }
    for (int length = lengths; length >= 1; length--) {
      scores[length] = scores[length - 1] + gains[length];
    }
    next++;
  }

  /**
   * @param length 1 to the smaller of longest span and rows taken
   */
  double ofLength(int length) {
    return scores[length];
  }

  /** Writes scores and gains of the last row's spans, both by length from 0 to longest. */
  void copyTo(double[] scoresByLength, double[] gainsByLength, int at) {
    System.arraycopy(scores, 0, scoresByLength, at, longest + 1);
    System.arraycopy(gains, 0, gainsByLength, at, longest + 1);
  }

  /** The score of tokens [x, y), at most {@code longest} of them. */
  static float of(Band band, int x, int y, SpanSettings settings) {
    TriangleScores rows = new TriangleScores(band, x, settings);
    for (int row = x; row < y; row++) {
      rows.advance();
    }
    return (float) rows.ofLength(y - x);
  }

  private double theta(int row) {
    if (settings.theta() == ThetaForm.CONSTANT) {
      return settings.thetaConstant();
    }
    float[] cells = band.cells();
    int at = band.indexOf(row);
    int columns = Math.min(band.columns(row), longest);
    double mass = 0;
    for (int i = at; i < at + columns; i++) {
      mass += cells[i];
    }
    return settings.thetaFactor() * mass / columns;
  }
}
