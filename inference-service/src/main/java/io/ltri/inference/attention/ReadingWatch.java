package io.ltri.inference.attention;

import io.ltri.inference.span.Band;
import io.ltri.inference.span.ClosedSpan;
import java.util.List;

/**
 * Looks on while a text is read and cut into spans, for pictures and statistics. Called by the
 * thread that reads; must change nothing of what it is given, nor keep it.
 */
public interface ReadingWatch {

  /**
   * A layer has attended to the next tokens.
   *
   * @param band its newest {@code tokens} rows are theirs, the last at {@code band.endRow() - 1}
   */
  void attended(int layer, Band band, int tokens);

  /** Spans of a layer were closed, in text order; they follow those closed before. */
  void closed(int layer, List<ClosedSpan> spans);
}
