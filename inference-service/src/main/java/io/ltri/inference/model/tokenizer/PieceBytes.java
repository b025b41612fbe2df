package io.ltri.inference.model.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** How the pieces of a vocabulary spell bytes. */
enum PieceBytes {
  /**
   * One character per byte: printable Latin-1 characters stand for themselves, the others for
   * characters from U+0100 on.
   */
  BYTE_LEVEL {
    @Override
    byte[] bytes(String piece) {
      byte[] bytes = new byte[piece.length()];
      for (int i = 0; i < bytes.length; i++) {
        char c = piece.charAt(i);
        int value = c < BYTE_OF.length ? BYTE_OF[c] : -1;
        if (value < 0) {
          // An added token in plain spelling.
          return piece.getBytes(StandardCharsets.UTF_8);
        }
        bytes[i] = (byte) value;
      }
      return bytes;
    }
  },

  /** Text with U+2581 for a space, and pieces like {@code <0x0A>} for single bytes. */
  BYTE_FALLBACK {
    @Override
    byte[] bytes(String piece) {
      if (SINGLE_BYTE.matcher(piece).matches()) {
        return new byte[] {(byte) Integer.parseInt(piece, 3, 5, 16)};
      }
      return piece.replace('\u2581', ' ').getBytes(StandardCharsets.UTF_8);
    }
  };

  private static final Pattern SINGLE_BYTE = Pattern.compile("<0x[0-9A-Fa-f]{2}>");
  private static final int[] BYTE_OF = byteLevelAlphabet();

  private static int[] byteLevelAlphabet() {
    int[] byteOf = new int[0x180];
    java.util.Arrays.fill(byteOf, -1);
    int next = 0x100;
    for (int value = 0; value < 256; value++) {
      boolean printable =
          (value >= '!' && value <= '~')
              || (value >= 0xA1 && value <= 0xAC)
              || (value >= 0xAE && value <= 0xFF);
      byteOf[printable ? value : next++] = value;
    }
    return byteOf;
  }

  abstract byte[] bytes(String piece);

  /**
   * @param decoder the {@code decoder} of a {@code tokenizer.json}
   */
  static PieceBytes of(JsonNode decoder, String source) {
    String type = decoder.path("type").asString("none");
    if (type.equals("ByteLevel")) {
      return BYTE_LEVEL;
    }
    if (type.equals("Sequence")) {
      for (JsonNode step : decoder.path("decoders")) {
        if ("ByteFallback".equals(step.path("type").asString(""))) {
          return BYTE_FALLBACK;
        }
        if ("ByteLevel".equals(step.path("type").asString(""))) {
          return BYTE_LEVEL;
        }
      }
    }
    throw new TokenizerException(
        source
            + ": decoder: \""
            + type
            + "\" is not supported (supported: ByteLevel, and a Sequence with ByteFallback)");
  }
}
