package io.ltri.inference.model.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.ltri.inference.model.GgufVocabulary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * A byte-pair tokenizer. Nothing is ever truncated, padded or added: no beginning-of-text token
 * unless the template spells it.
 *
 * <p>Document text and rendered templates are different things: {@link #encodeText} reads {@code
 * "<|im_end|>"} as the nine or so characters it is, so that no document can end its own message;
 * {@link #encodeTemplate} reads it as the control token. The native library cannot be switched, so
 * there are two of it, one without the special tokens.
 *
 * <p>Holds native memory until closed. Any number of threads may use it; closing waits for them.
 */
public final class Tokenizer implements AutoCloseable {

  private static final Map<String, String> OPTIONS =
      Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false");

  private final TokenizerDefinition definition;
  private final HuggingFaceTokenizer textTokenizer;
  private final HuggingFaceTokenizer templateTokenizer;
  private final byte[][] bytes;
  private final BitSet special = new BitSet();
  private final Map<String, Integer> ids = new HashMap<>();
  private final String digest;
  private final ReadWriteLock open = new ReentrantReadWriteLock();
  private boolean closed;

  private Tokenizer(TokenizerDefinition definition, String source) {
    this.definition = definition;
    @Nullable String[] tokens = definition.tokens();
    bytes = new byte[tokens.length][];
    for (int id = 0; id < tokens.length; id++) {
      String piece = tokens[id];
      bytes[id] = piece == null ? new byte[0] : definition.bytes().bytes(piece);
      if (piece != null) {
        ids.put(piece, id);
      }
    }
    for (AddedToken token : definition.added()) {
      bytes[token.id()] = token.content().getBytes(StandardCharsets.UTF_8);
      special.set(token.id(), token.special());
    }
    digest = definition.digest();
    templateTokenizer = nativeTokenizer(definition.json(true), source);
    try {
      textTokenizer = nativeTokenizer(definition.json(false), source);
    } catch (RuntimeException e) {
      templateTokenizer.close();
      throw e;
    }
  }

  /**
   * Opens a {@code tokenizer.json}.
   *
   * @throws IOException the file cannot be read
   * @throws TokenizerException the tokenizer is damaged or of an unsupported kind
   */
  public static Tokenizer open(Path tokenizerJson) throws IOException {
    return new Tokenizer(TokenizerDefinition.read(tokenizerJson), tokenizerJson.toString());
  }

  /**
   * Rebuilds the tokenizer of a GGUF file.
   *
   * @throws TokenizerException the vocabulary is damaged or of an unsupported kind
   */
  public static Tokenizer of(GgufVocabulary vocabulary) {
    return new Tokenizer(TokenizerDefinition.of(vocabulary), "tokenizer.ggml");
  }

  private static HuggingFaceTokenizer nativeTokenizer(String json, String source) {
    try (ByteArrayInputStream in =
        new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8))) {
      return HuggingFaceTokenizer.newInstance(in, OPTIONS);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (RuntimeException e) {
      throw new TokenizerException(
          source + ": the native tokenizer refuses the definition: " + e.getMessage(), e);
    }
  }

  /** Tokens of a document or any other text from outside; special tokens in it are plain text. */
  public int[] encodeText(String text) {
    return collect(stream(new StringReader(text)));
  }

  /** Tokens of a rendered template; special tokens in it are recognised. */
  public int[] encodeTemplate(String text) {
    return collect(
        new TokenStream(
            piece -> encodeWhole(piece, true),
            definition.safeTemplateCut(),
            new StringReader(text),
            TokenStream.PIECE_CHARS));
  }

  /** As {@link #encodeText}, for a text of any length. The caller closes the reader. */
  public TokenStream stream(Reader text) {
    return stream(text, TokenStream.PIECE_CHARS);
  }

  /** As {@link #encodeText}, for a text that arrives in pieces, cut anywhere. */
  public TokenStream stream(Iterator<? extends CharSequence> pieces) {
    return stream(new PiecesReader(pieces));
  }

  TokenStream stream(Reader text, int pieceChars) {
    return new TokenStream(
        piece -> encodeWhole(piece, false), definition.safeCut(), text, pieceChars);
  }

  private static int[] collect(TokenStream stream) {
    int[] tokens = new int[0];
    try {
      for (TokenPiece piece = stream.next(); piece != null; piece = stream.next()) {
        int end = tokens.length;
        tokens = Arrays.copyOf(tokens, end + piece.ids().length);
        System.arraycopy(piece.ids(), 0, tokens, end, piece.ids().length);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return tokens;
  }

  /** Tokens of a text in one call of the native library. */
  int[] encodeWhole(String text, boolean specials) {
    // The native side would read a text with a lone surrogate as a whole in another way.
    String valid = text.codePoints().anyMatch(Tokenizer::isSurrogate) ? repair(text) : text;
    open.readLock().lock();
    try {
      checkOpen();
      HuggingFaceTokenizer tokenizer = specials ? templateTokenizer : textTokenizer;
      return Arrays.stream(tokenizer.encode(valid, false, false).getIds())
          .mapToInt(Math::toIntExact)
          .toArray();
    } finally {
      open.readLock().unlock();
    }
  }

  private static String repair(String text) {
    StringBuilder repaired = new StringBuilder(text.length());
    text.codePoints().map(c -> isSurrogate(c) ? 0xFFFD : c).forEach(repaired::appendCodePoint);
    return repaired.toString();
  }

  private static boolean isSurrogate(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the tokenizer is closed");
    }
  }

  /** The text of these tokens; special tokens appear as they are spelt. */
  public String decode(int[] tokens) {
    StreamingDecoder decoder = decoder(false);
    StringBuilder text = new StringBuilder();
    for (int token : tokens) {
      text.append(decoder.append(token));
    }
    return text.append(decoder.finish()).toString();
  }

  /**
   * A decoder for tokens that arrive one by one.
   *
   * @param skipSpecial special tokens are left out of the text
   */
  public StreamingDecoder decoder(boolean skipSpecial) {
    return new StreamingDecoder(this, skipSpecial);
  }

  /** One more than the largest token id. */
  public int vocabularySize() {
    return bytes.length;
  }

  /** The id of a piece or added token, as the vocabulary spells it. */
  public OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** Is this a control token, which only a rendered template may hold? */
  public boolean isSpecial(int token) {
    return special.get(token);
  }

  /**
   * Does the text hold the spelling of a control token? Rendered into a template it would be read
   * as one by {@link #encodeTemplate}, so a question from outside that does may be refused.
   */
  public boolean spellsSpecial(String text) {
    return definition.added().stream()
        .anyMatch(token -> token.special() && text.contains(token.content()));
  }

  /**
   * The bytes a token stands for: part of a UTF-8 text, not always whole characters.
   *
   * @throws IndexOutOfBoundsException there is no such token
   */
  public byte[] bytes(int token) {
    return bytes[Objects.checkIndex(token, bytes.length)].clone();
  }

  boolean dropsFirstSpace() {
    return definition.dropsFirstSpace();
  }

  /**
   * SHA-256 of what decides the token ids of a text, whatever the file it came from looks like.
   *
   * @return 64 hexadecimal digits
   */
  public String digest() {
    return digest;
  }

  /** Frees the native memory, as soon as no thread is tokenising. */
  @Override
  public void close() {
    open.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        textTokenizer.close();
        templateTokenizer.close();
      }
    } finally {
      open.writeLock().unlock();
    }
  }
}
