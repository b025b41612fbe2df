package io.ltri.index.store;

/**
 * A document, or its beginning up to a boundary that was recorded; written {@code ID}, or {@code
 * ID@TOKENS}.
 *
 * @param tokens where the boundary lies; 0: all of the document
 */
public record DocumentPart(String id, long tokens) {

  private static final char AT = '@';

  /**
   * @throws InvalidInputException when what follows the id is no number of tokens
   */
  public static DocumentPart of(String name) {
    int at = name.indexOf(AT);
    if (at < 0) {
      return new DocumentPart(name, 0);
    }
    try {
      long tokens = Long.parseLong(name.substring(at + 1));
      if (tokens > 0) {
        return new DocumentPart(name.substring(0, at), tokens);
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new InvalidInputException(
        "'%s' names no beginning of a document: that is ID@TOKENS".formatted(name));
  }

  /** As it is written. */
  public String name() {
    return tokens == 0 ? id : id + AT + tokens;
  }
}
