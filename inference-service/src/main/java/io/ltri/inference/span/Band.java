package io.ltri.inference.span;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * The diagonal band of a layer's attention map, all that segmentation needs of it: a span of at
 * most {@code longest} tokens is a triangle on the diagonal, no cell of which is further than that
 * from it. Row i (a token as query), offset o (how far it looks back):
 *
 * <pre>
 *   at(i, o) = A[i, i - o],   A[i, j] = mean over query heads of exp(q_i . k_j / sqrt(d) - LSE_i)
 * </pre>
 *
 * with LSE_i the log-sum-exp of the row's whole softmax, so that A is what the model used. The mean
 * over heads is the paper's sum but for a factor that theta takes up.
 *
 * <p>Columns of the sink are left out: it takes a large share of every row, wherever the row
 * stands. {@link #columns} says how many columns a row really has; the cells behind them are zero.
 *
 * <p>Grows at the end and is dropped at the front; memory follows the most rows held at one time.
 * Not for use by several threads at once.
 */
public final class Band {

  private static final ValueLayout.OfFloat STORED =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final int width;
  private final int firstColumn;
  private int firstRow;
  private int endRow;

  /** Ring of rows: row i lies at slot i mod capacity. */
  private float[] cells = {};

  private int capacity;

  /** A band of a text whose sink ends at {@code firstColumn}; its first row is position 0. */
  public Band(int width, int firstColumn) {
    this(width, firstColumn, 0);
  }

  /**
   * @param width cells per row, for use with spans {@link SpanSettings#bandWidth}
   * @param firstColumn text position after the sink; columns before it hold nothing
   * @param firstRow text position of the row that is appended first
   */
  public Band(int width, int firstColumn, int firstRow) {
    if (width < 1 || firstColumn < 0 || firstRow < 0) {
      throw new IllegalArgumentException(
          "band of width %d, first column %d, first row %d: none may be negative, and the width not zero"
              .formatted(width, firstColumn, firstRow));
    }
    this.width = width;
    this.firstColumn = firstColumn;
    this.firstRow = firstRow;
    this.endRow = firstRow;
  }

  public int width() {
    return width;
  }

  /** Text position after the sink. */
  public int firstColumn() {
    return firstColumn;
  }

  /** Text position of the oldest row held. */
  public int firstRow() {
    return firstRow;
  }

  /** Text position after the newest row held. */
  public int endRow() {
    return endRow;
  }

  /**
   * Columns of a row that exist: tokens from the sink's end to the row itself, as far as the band
   * reaches.
   */
  public int columns(int row) {
    return Math.clamp((long) row - firstColumn + 1, 0, width);
  }

  /**
   * Appends the rows of the next n tokens. Cells of columns before the sink's end are ignored.
   *
   * @param rows float32 [n, width], row-major, native byte order
   */
  public void append(MemorySegment rows, int n) {
    append(rows, ValueLayout.JAVA_FLOAT_UNALIGNED, n);
  }

  /**
   * @param rows [n, width], row-major
   */
  public void append(float[] rows, int n) {
    append(MemorySegment.ofArray(rows), ValueLayout.JAVA_FLOAT_UNALIGNED, n);
  }

  /** Forgets all rows before a text position; rows already forgotten are no error. */
  public void dropBefore(int row) {
    if (row > endRow) {
      throw new IllegalArgumentException(
          "rows before %d cannot be dropped: the band ends at %d".formatted(row, endRow));
    }
    firstRow = Math.max(firstRow, row);
  }

  /** A[row, row - offset]; zero in the sink and before the text. */
  public float at(int row, int offset) {
    if (row < firstRow || row >= endRow || offset < 0 || offset >= width) {
      throw new IndexOutOfBoundsException(
          "cell (%d, offset %d): the band holds rows [%d, %d) and offsets [0, %d)"
              .formatted(row, offset, firstRow, endRow, width));
    }
    return cells[indexOf(row) + offset];
  }

  /**
   * Rows [from, endRow) for safekeeping; {@link #restore} takes them back.
   *
   * @return float32 [endRow - from, width], row-major, little-endian
   */
  public byte[] export(int from) {
    if (from < firstRow || from > endRow) {
      throw new IllegalArgumentException(
          "rows from %d cannot be exported: the band holds [%d, %d)"
              .formatted(from, firstRow, endRow));
    }
    byte[] bytes = new byte[Math.multiplyExact(endRow - from, width * Float.BYTES)];
    MemorySegment target = MemorySegment.ofArray(bytes);
    for (int row = from; row < endRow; row++) {
      long to = (long) (row - from) * width * Float.BYTES;
      MemorySegment.copy(cells, indexOf(row), target, STORED, to, width);
    }
    return bytes;
  }

  /**
   * The band that {@link #export} wrote.
   *
   * @param firstRow text position of the first exported row
   * @param rows float32 [rows, width], row-major, little-endian
   */
  public static Band restore(int width, int firstColumn, int firstRow, byte[] rows) {
    Band band = new Band(width, firstColumn, firstRow);
    int rowBytes = width * Float.BYTES;
    if (rows.length % rowBytes != 0) {
      throw new IllegalArgumentException(
          "%d bytes are no whole number of band rows of %d bytes: they are cut off or of another width"
              .formatted(rows.length, rowBytes));
    }
    band.append(MemorySegment.ofArray(rows), STORED, rows.length / rowBytes);
    return band;
  }

  /**
   * The mean of several layers' bands, for a partition that they share.
   *
   * @param bands of equal width, sink and end, at least one
   * @param from text position of its first row, held by all of them
   */
  public static Band mean(List<Band> bands, int from) {
    Band first = bands.getFirst();
    int rows = first.endRow - from;
    float[] sum = new float[rows * first.width];
    for (Band band : bands) {
      band.requireRows(from, first.endRow);
      for (int i = 0; i < rows; i++) {
        int at = band.indexOf(from + i);
        for (int offset = 0; offset < first.width; offset++) {
          sum[i * first.width + offset] += band.cells[at + offset] / bands.size();
        }
      }
    }
    Band mean = new Band(first.width, first.firstColumn, from);
    mean.append(sum, rows);
    return mean;
  }

  /** Where a row's cells begin in {@link #cells}. */
  int indexOf(int row) {
    return row % capacity * width;
  }

  float[] cells() {
    return cells;
  }

  void requireRows(int from, int end) {
    if (from < firstRow || end > endRow) {
      throw new IllegalArgumentException(
          "rows [%d, %d) are needed, but the band holds [%d, %d): append the missing ones, and drop only what is closed"
              .formatted(from, end, firstRow, endRow));
    }
  }

  private void append(MemorySegment rows, ValueLayout.OfFloat layout, int n) {
    if (n < 0 || rows.byteSize() < (long) n * width * Float.BYTES) {
      throw new IllegalArgumentException(
          "%d rows of width %d need %d bytes, the segment has %d"
              .formatted(n, width, (long) n * width * Float.BYTES, rows.byteSize()));
    }
    reserve(Math.addExact(endRow - firstRow, n));
    for (int i = 0; i < n; i++) {
      int row = endRow + i;
      int at = indexOf(row);
      int columns = columns(row);
      MemorySegment.copy(rows, layout, (long) i * width * Float.BYTES, cells, at, columns);
      Arrays.fill(cells, at + columns, at + width, 0);
      requireFinite(row, at, columns);
    }
    endRow += n;
  }

  private void requireFinite(int row, int at, int columns) {
    float sum = 0;
    for (int i = at; i < at + columns; i++) {
      sum += cells[i];
    }
    if (!Float.isFinite(sum)) {
      throw new IllegalArgumentException(
          "the attention probabilities of token %d are not finite: the model's numbers overflowed at this token; use a wider compute precision"
              .formatted(row));
    }
  }

  private void reserve(int rows) {
    if (rows <= capacity) {
      return;
    }
    int larger = Math.max(rows, capacity + capacity / 2);
    float[] moved = new float[Math.multiplyExact(larger, width)];
    for (int row = firstRow; row < endRow; row++) {
      System.arraycopy(cells, indexOf(row), moved, row % larger * width, width);
    }
    cells = moved;
    capacity = larger;
  }
}
