package io.ltri.inference.engine;

import java.util.Arrays;

/**
 * Where the pages of a document begin.
 *
 * @param startTokens index of the first token of each page, ascending; the first page is page 1.
 *     Empty: the document has no pages, or they are not known
 */
public record Pages(int[] startTokens) {
  /** Of a text without pages. */
  public static final Pages NONE = new Pages(new int[0]);

  /**
   * @param token index in the document
   * @return 1-based; 0 when unknown, as for tokens before the first page
   */
  public int pageOf(int token) {
    // An empty page begins where the next one does: the last of them holds the token.
    int found = Arrays.binarySearch(startTokens, token);
    if (found < 0) {
      return -found - 1;
    }
    while (found + 1 < startTokens.length && startTokens[found + 1] == token) {
      found++;
    }
    return found + 1;
  }

  public int count() {
    return startTokens.length;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Pages pages && Arrays.equals(pages.startTokens, startTokens);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(startTokens);
  }

  @Override
  public String toString() {
    return "Pages[" + startTokens.length + "]";
  }
}
