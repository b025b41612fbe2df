package io.ltri.inference.model.tokenizer;

/**
 * Turns tokens into text one by one. A character whose bytes are spread over several tokens is held
 * back until it is complete. Bytes that are no UTF-8 become U+FFFD, one per longest valid
 * beginning. For one thread at a time.
 */
public final class StreamingDecoder {

  private final Tokenizer tokenizer;
  private final boolean skipSpecial;
  private boolean dropSpace;

  /** The character that is being put together, and how many bytes it still needs. */
  private int partial;

  private int missing;

  /** The range of the next byte; narrower than 80..BF only right after some lead bytes. */
  private int low = 0x80;

  private int high = 0xBF;

  StreamingDecoder(Tokenizer tokenizer, boolean skipSpecial) {
    this.tokenizer = tokenizer;
    this.skipSpecial = skipSpecial;
    this.dropSpace = tokenizer.dropsFirstSpace();
  }

  /**
   * @return the text that this token completes; empty if it ends within its first character
   */
  public String append(int token) {
    if (skipSpecial && tokenizer.isSpecial(token)) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    byte[] bytes = tokenizer.bytes(token);
    boolean drop = dropSpace && bytes.length > 0 && bytes[0] == ' ';
    dropSpace = dropSpace && bytes.length == 0;
    for (int i = drop ? 1 : 0; i < bytes.length; i++) {
      append(bytes[i] & 0xFF, text);
    }
    return text.toString();
  }

  /**
   * Ends the text.
   *
   * @return U+FFFD if its last character stayed incomplete, else nothing
   */
  public String finish() {
    boolean incomplete = missing > 0;
    missing = 0;
    return incomplete ? "\uFFFD" : "";
  }

  private void append(int value, StringBuilder text) {
    if (missing > 0) {
      if (value >= low && value <= high) {
        partial = partial << 6 | value & 0x3F;
        low = 0x80;
        high = 0xBF;
        if (--missing == 0) {
          text.appendCodePoint(partial);
        }
        return;
      }
      text.append('\uFFFD');
      missing = 0;
    }
    lead(value, text);
  }

  private void lead(int value, StringBuilder text) {
    low = 0x80;
    high = 0xBF;
    if (value < 0x80) {
      text.append((char) value);
    } else if (value >= 0xC2 && value <= 0xDF) {
      partial = value & 0x1F;
      missing = 1;
    } else if (value >= 0xE0 && value <= 0xEF) {
      partial = value & 0x0F;
      missing = 2;
      // No overlong forms, no surrogates.
      low = value == 0xE0 ? 0xA0 : 0x80;
      high = value == 0xED ? 0x9F : 0xBF;
    } else if (value >= 0xF0 && value <= 0xF4) {
      partial = value & 0x07;
      missing = 3;
      low = value == 0xF0 ? 0x90 : 0x80;
      high = value == 0xF4 ? 0x8F : 0xBF;
    } else {
      text.append('\uFFFD');
    }
  }
}
