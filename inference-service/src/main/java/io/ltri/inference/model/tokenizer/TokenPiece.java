package io.ltri.inference.model.tokenizer;

import java.util.Arrays;

/**
 * The tokens of one piece of a text.
 *
 * @param ids may be empty
 * @param endBytes where the piece ends: UTF-8 bytes since the beginning of the text
 */
public record TokenPiece(int[] ids, long endBytes) {

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenPiece piece
        && Arrays.equals(piece.ids, ids)
        && piece.endBytes == endBytes;
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(ids) + Long.hashCode(endBytes);
  }

  @Override
  public String toString() {
    return "TokenPiece[" + ids.length + " tokens, to byte " + endBytes + "]";
  }
}
