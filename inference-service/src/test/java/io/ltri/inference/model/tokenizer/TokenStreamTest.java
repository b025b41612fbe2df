package io.ltri.inference.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class TokenStreamTest {

  private static List<TokenPiece> pieces(TokenStream stream) {
    List<TokenPiece> pieces = new ArrayList<>();
    try {
      for (TokenPiece piece = stream.next(); piece != null; piece = stream.next()) {
        pieces.add(piece);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return pieces;
  }

  private static int[] ids(List<TokenPiece> pieces) {
    return pieces.stream().flatMapToInt(piece -> IntStream.of(piece.ids())).toArray();
  }

  private static List<TokenPiece> small(String family, String text, int pieceChars) {
    return pieces(SmallTokenizers.tokenizer(family).stream(new StringReader(text), pieceChars));
  }

  static void assertSameAsWhole(String family, String text, int pieceChars) {
    assertSameAsWhole(SmallTokenizers.tokenizer(family), text, pieceChars);
  }

  static void assertSameAsWhole(Tokenizer tokenizer, String text, int pieceChars) {
    List<TokenPiece> pieces = pieces(tokenizer.stream(new StringReader(text), pieceChars));
    assertThat(ids(pieces))
        .as("pieces of %d chars", pieceChars)
        .isEqualTo(tokenizer.encodeWhole(text, false));
    long end = pieces.isEmpty() ? 0 : pieces.getLast().endBytes();
    assertThat(end).isEqualTo(TokenStream.utf8Length(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "digits", "llama3", "qwen2"})
  void smallPiecesGiveTheTokensOfTheWholeTortureText(String family) {
    StringBuilder all = new StringBuilder();
    for (JsonNode row : SmallTokenizers.json("goldens.json").path(family).path("texts")) {
      all.append(row.path("text").asString()).append(all.length() % 3 == 0 ? "\n" : "x");
    }
    for (int pieceChars : new int[] {1, 2, 3, 7, 20, 61, 200, 1000}) {
      assertSameAsWhole(family, all.toString(), pieceChars);
    }
    assertThat(small(family, all.toString(), 20).size()).isGreaterThan(40);
  }

  /**
   * The argument for a safe cut needs the native library's classes of characters to be Java's. In
   * "a c c 1" (without the spaces) the first c shares its word with a letter, a number, or neither.
   */
  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama3"})
  void everyUsedCharacterHasTheClassThatTheNativeLibrarySees(String family) throws IOException {
    List<String> wrong = new ArrayList<>();
    int compared = 0;
    try (HuggingFaceTokenizer library =
        HuggingFaceTokenizer.newInstance(
            SmallTokenizers.file(family + ".json"),
            Map.of("truncation", "false", "padding", "false"))) {
      for (int first = 0; first < 0x10000; first += 0x400) {
        StringBuilder text = new StringBuilder();
        for (int c = first; c < first + 0x400; c++) {
          if (!SafeCut.describe((char) c).isEmpty()) {
            text.append('a').append((char) c).append((char) c).append("1\n");
          }
        }
        long[] words = wordOfChar(library.encode(text.toString()), text.length());
        for (int i = 0; i < text.length(); i += 5) {
          String seen =
              words[i + 1] == words[i]
                  ? "letter"
                  : words[i + 1] == words[i + 3] ? "number" : "other";
          char c = text.charAt(i + 1);
          compared++;
          if (!seen.equals(SafeCut.describe(c))) {
            wrong.add("U+%04X is %s, not %s".formatted((int) c, seen, SafeCut.describe(c)));
          }
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(compared).isGreaterThan(50_000);
  }

  private static long[] wordOfChar(Encoding encoding, int chars) {
    long[] words = new long[chars];
    for (int token = 0; token < encoding.getIds().length; token++) {
      CharSpan span = encoding.getCharTokenSpans()[token];
      Arrays.fill(words, span.getStart(), span.getEnd(), encoding.getWordIds()[token]);
    }
    return words;
  }

  @Test
  void offsetsAreUtf8BytesSoFar() {
    String text = "Größe 12, 你好 😀 next words follow here";
    List<TokenPiece> pieces = small("gpt2", text, 6);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Tokenizer tokenizer = SmallTokenizers.tokenizer("gpt2");
    int begin = 0;
    for (TokenPiece piece : pieces) {
      int end = Math.toIntExact(piece.endBytes());
      assertThat(tokenizer.decode(piece.ids()))
          .isEqualTo(new String(bytes, begin, end - begin, StandardCharsets.UTF_8));
      begin = end;
    }
    assertThat(begin).isEqualTo(bytes.length);
    assertThat(pieces).hasSizeGreaterThan(3);
  }

  @Test
  void piecesOfTheSourceMayEndAnywhere() {
    String text = "The 😀 fox isn't 12345 你好\r\n\r\nkey1: end";
    Tokenizer tokenizer = SmallTokenizers.tokenizer("llama3");
    Stream<String> chars = text.chars().mapToObj(c -> String.valueOf((char) c));
    assertThat(ids(pieces(tokenizer.stream(chars.iterator()))))
        .isEqualTo(tokenizer.encodeText(text));
  }

  @Test
  void longTextsAreReadPieceByPiece() throws IOException {
    Tokenizer tokenizer = SmallTokenizers.tokenizer("digits");
    CountingReader reader = new CountingReader("The quick brown fox, 12 times.\n", 10_000);
    TokenStream stream = tokenizer.stream(reader);
    long tokens = 0;
    long end = 0;
    for (TokenPiece piece = stream.next(); piece != null; piece = stream.next()) {
      tokens += piece.ids().length;
      end = piece.endBytes();
      assertThat(reader.position - end).isLessThan(2L * TokenStream.PIECE_CHARS);
    }
    assertThat(end).isEqualTo(310_000);
    assertThat(tokens)
        .isEqualTo(10_000L * tokenizer.encodeText("The quick brown fox, 12 times.\n").length);
  }

  /** Repeats a line; knows how far it was read. */
  private static final class CountingReader extends Reader {
    private final String line;
    private final long length;
    private long position;

    CountingReader(String line, int repeats) {
      this.line = line;
      this.length = (long) line.length() * repeats;
    }

    @Override
    public int read(char[] buffer, int offset, int count) {
      if (position == length) {
        return -1;
      }
      int read = Math.toIntExact(Math.min(count, length - position));
      for (int i = 0; i < read; i++) {
        buffer[offset + i] = line.charAt(Math.toIntExact(position++ % line.length()));
      }
      return read;
    }

    @Override
    public void close() {}
  }

  @Test
  void textWithoutAnySafeCutIsReadWhole() {
    String text = "a".repeat(20_000);
    assertThat(small("gpt2", text, 100)).hasSize(1);
    assertSameAsWhole("gpt2", text, 100);
  }
}
