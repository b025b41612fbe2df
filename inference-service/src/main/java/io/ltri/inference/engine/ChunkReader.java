package io.ltri.inference.engine;

import io.ltri.inference.model.tokenizer.TokenPiece;
import io.ltri.inference.model.tokenizer.TokenStream;
import java.io.IOException;
import java.util.Arrays;

/** Tokens of a text in chunks of one size (the last may be smaller), some given tokens first. */
final class ChunkReader {
  private final TokenStream text;
  private final int chunkTokens;
  private int[] pending;
  private int used;
  private long pieceStart;
  private long pieceEnd;
  private boolean atEnd;

  ChunkReader(int[] first, TokenStream text, int chunkTokens) {
    this.pending = first;
    this.text = text;
    this.chunkTokens = chunkTokens;
  }

  /** The next chunk; empty at the end. */
  int[] next() throws IOException {
    int[] chunk = new int[chunkTokens];
    int filled = 0;
    while (filled < chunkTokens) {
      if (used == pending.length) {
        TokenPiece piece = atEnd ? null : text.next();
        if (piece == null) {
          atEnd = true;
          break;
        }
        pending = piece.ids();
        used = 0;
        pieceStart = pieceEnd;
        pieceEnd = piece.endBytes();
      }
      int taken = Math.min(chunkTokens - filled, pending.length - used);
      System.arraycopy(pending, used, chunk, filled, taken);
      filled += taken;
      used += taken;
    }
    return Arrays.copyOf(chunk, filled);
  }

  /** Bytes of the text whose tokens were handed out, estimated inside a piece. */
  long textBytes() {
    return pending.length == 0
        ? pieceEnd
        : pieceStart + (pieceEnd - pieceStart) * used / pending.length;
  }
}
