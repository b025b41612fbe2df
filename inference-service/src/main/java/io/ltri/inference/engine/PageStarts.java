package io.ltri.inference.engine;

import io.ltri.inference.model.tokenizer.Tokenizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Where the pages of a document begin, as its tail keeps it: for each page an int32 (token of the
 * document) and an int64 (byte of the text), little-endian. The bytes find the pages again when the
 * text is read with another tokenizer.
 *
 * @param tokens index of each page's first token in the document
 * @param bytes of the text, with that of the document that it continues
 */
record PageStarts(int[] tokens, long[] bytes) {
  /** Name of the tail section; absent where a text has no pages. */
  static final String SECTION = "pages";

  static final PageStarts NONE = new PageStarts(new int[0], new long[0]);

  private static final int ENTRY_BYTES = 12;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /**
   * Finds the token that each page begins with. Exact for tokenizers whose tokens spell the text;
   * with one that changes it, off by the bytes that it changed before.
   *
   * @param ids of the document
   * @param first token of the text
   * @param bytes of the text at which pages begin, ascending
   */
  static PageStarts of(Tokenizer tokenizer, int[] ids, int first, long[] bytes) {
    int[] tokens = new int[bytes.length];
    int token = first;
    long at = 0;
    for (int page = 0; page < bytes.length; page++) {
      // A token that reaches over the beginning of a page belongs to the page before.
      while (token < ids.length && at < bytes[page]) {
        at += tokenizer.bytes(ids[token]).length;
        token++;
      }
      tokens[page] = token;
    }
    return new PageStarts(tokens, bytes.clone());
  }

  /**
   * These, and the pages of a text that continues the one they belong to.
   *
   * @param textBytes of the text before
   */
  PageStarts and(PageStarts after, long textBytes) {
    int own = bytes.length;
    int[] allTokens = Arrays.copyOf(tokens, own + after.tokens.length);
    System.arraycopy(after.tokens, 0, allTokens, own, after.tokens.length);
    long[] allBytes = Arrays.copyOf(bytes, own + after.bytes.length);
    for (int i = 0; i < after.bytes.length; i++) {
      allBytes[own + i] = textBytes + after.bytes[i];
    }
    return new PageStarts(allTokens, allBytes);
  }

  MemorySegment section() {
    MemorySegment section = MemorySegment.ofArray(new byte[ENTRY_BYTES * tokens.length]);
    for (int i = 0; i < tokens.length; i++) {
      section.set(INT, (long) ENTRY_BYTES * i, tokens[i]);
      section.set(LONG, (long) ENTRY_BYTES * i + Integer.BYTES, bytes[i]);
    }
    return section;
  }

  static PageStarts ofSection(MemorySegment section) {
    int count = Math.toIntExact(section.byteSize() / ENTRY_BYTES);
    PageStarts starts = new PageStarts(new int[count], new long[count]);
    for (int i = 0; i < count; i++) {
      starts.tokens[i] = section.get(INT, (long) ENTRY_BYTES * i);
      starts.bytes[i] = section.get(LONG, (long) ENTRY_BYTES * i + Integer.BYTES);
    }
    return starts;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PageStarts starts
        && Arrays.equals(starts.tokens, tokens)
        && Arrays.equals(starts.bytes, bytes);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(tokens) + Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return "PageStarts[" + tokens.length + "]";
  }
}
