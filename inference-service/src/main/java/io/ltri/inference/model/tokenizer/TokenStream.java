package io.ltri.inference.model.tokenizer;

import java.io.IOException;
import java.io.Reader;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Tokenises a text of any length piece by piece; the tokens are those of the whole text, because
 * pieces end only where a cut provably changes nothing ({@link SafeCut}). Holds about one piece of
 * text, whatever the length, unless the text offers no safe cut: then the piece grows until one
 * appears or the text ends. That happens in runs without any letter or number next to another kind
 * of character, and in tokenizers whose pre-tokenizer is unknown.
 *
 * <p>Special tokens in the text are plain text. For one thread at a time; closes nothing.
 */
public final class TokenStream {

  /** Piece size unless told otherwise, chars: some ten thousand tokens at most. */
  static final int PIECE_CHARS = 16 * 1024;

  private final Function<String, int[]> tokenize;
  private final SafeCut safeCut;
  private final Reader text;
  private final int pieceChars;
  private final char[] transfer = new char[8 * 1024];
  private final StringBuilder pending = new StringBuilder();
  private boolean atEnd;
  private long endBytes;

  TokenStream(Function<String, int[]> tokenize, SafeCut safeCut, Reader text, int pieceChars) {
    this.tokenize = tokenize;
    this.safeCut = safeCut;
    this.text = text;
    this.pieceChars = pieceChars;
  }

  /**
   * The next piece.
   *
   * @return null at the end of the text
   * @throws IOException the text could not be read
   */
  public @Nullable TokenPiece next() throws IOException {
    int end = pieceEnd();
    if (end == 0) {
      return null;
    }
    String piece = pending.substring(0, end);
    pending.delete(0, end);
    endBytes += utf8Length(piece);
    return new TokenPiece(tokenize.apply(piece), endBytes);
  }

  private int pieceEnd() throws IOException {
    for (int wanted = pieceChars; ; wanted *= 2) {
      // Past the piece, so that a cut at its very end can be judged.
      fill(wanted + safeCut.lookAhead());
      if (atEnd && pending.length() <= wanted) {
        return pending.length();
      }
      int cut = safeCut.last(pending, wanted, atEnd);
      if (cut > 0) {
        return cut;
      }
      if (wanted > Integer.MAX_VALUE / 4) {
        throw new IOException(
            "half a gigabyte of text without a place to cut it: is this really text?");
      }
    }
  }

  private void fill(int chars) throws IOException {
    while (!atEnd && pending.length() < chars) {
      int read = text.read(transfer);
      if (read < 0) {
        atEnd = true;
      } else {
        pending.append(transfer, 0, read);
      }
    }
  }

  /** Lone surrogates count as U+FFFD, which they are read as. */
  static long utf8Length(String text) {
    long bytes = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        bytes += 1;
      } else if (c < 0x800) {
        bytes += 2;
      } else if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        bytes += 4;
        i++;
      } else {
        bytes += 3;
      }
    }
    return bytes;
  }
}
