package io.ltri.inference.model.tokenizer;

import java.io.Reader;
import java.util.Iterator;

/** A text that arrives in pieces, as a reader. */
final class PiecesReader extends Reader {

  private final Iterator<? extends CharSequence> pieces;
  private CharSequence current = "";
  private int position;

  PiecesReader(Iterator<? extends CharSequence> pieces) {
    this.pieces = pieces;
  }

  @Override
  public int read(char[] buffer, int offset, int length) {
    while (position == current.length()) {
      if (!pieces.hasNext()) {
        return -1;
      }
      current = pieces.next();
      position = 0;
    }
    int count = Math.min(length, current.length() - position);
    for (int i = 0; i < count; i++) {
      buffer[offset + i] = current.charAt(position + i);
    }
    position += count;
    return count;
  }

  @Override
  public void close() {
    // The pieces belong to the caller.
  }
}
