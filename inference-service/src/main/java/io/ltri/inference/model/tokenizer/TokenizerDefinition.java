package io.ltri.inference.model.tokenizer;

import io.ltri.inference.model.GgufVocabulary;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A tokenizer as {@code tokenizer.json} describes it, checked, with what the Java side must know of
 * it.
 *
 * @param root the definition; truncation and padding removed
 * @param tokens piece per token id, null where the definition leaves a gap
 * @param added in the order of the definition
 * @param safeCut where the text may be cut if special tokens are left alone in it
 * @param safeTemplateCut where the text may be cut if special tokens are recognised
 * @param bytes how pieces spell bytes
 */
record TokenizerDefinition(
    ObjectNode root,
    @Nullable String[] tokens,
    List<AddedToken> added,
    SafeCut safeCut,
    SafeCut safeTemplateCut,
    PieceBytes bytes) {

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final int NORMAL = 1;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;

  /** Reads a {@code tokenizer.json}. */
  static TokenizerDefinition read(Path file) throws IOException {
    JsonNode root;
    try {
      root = JSON.readTree(Files.readString(file));
    } catch (JacksonException e) {
      throw new TokenizerException(file + ": not a JSON document: " + e.getOriginalMessage(), e);
    } catch (CharacterCodingException e) {
      throw new TokenizerException(file + ": not UTF-8: the file is damaged", e);
    }
    if (!(root instanceof ObjectNode object)) {
      throw new TokenizerException(file + ": not a JSON object: is this a tokenizer.json?");
    }
    return of(object, file.toString());
  }

  /** Rebuilds the definition from the metadata of a GGUF file. */
  static TokenizerDefinition of(GgufVocabulary vocabulary) {
    if (!vocabulary.model().equals("gpt2")) {
      throw new TokenizerException(
          "tokenizer.ggml.model: tokenizer \""
              + vocabulary.model()
              + "\" is not supported in GGUF files (supported: gpt2, the byte-level BPE): take the"
              + " model with its tokenizer.json instead");
    }
    PreTokenizer preTokenizer = PreTokenizer.named(vocabulary.pre());
    ObjectNode root = JsonNodeFactory.instance.objectNode().put("version", "1.0");
    ArrayNode added = root.putArray("added_tokens");
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      int type = typeOf(vocabulary, id);
      if (type == CONTROL || type == USER_DEFINED) {
        added
            .addObject()
            .put("id", id)
            .put("content", vocabulary.tokens().get(id))
            .put("single_word", false)
            .put("lstrip", false)
            .put("rstrip", false)
            .put("normalized", false)
            .put("special", type == CONTROL);
      }
    }
    root.set("normalizer", preTokenizer.normalizerJson());
    root.set("pre_tokenizer", preTokenizer.preTokenizerJson());
    root.putNull("post_processor");
    root.set("decoder", PreTokenizer.byteLevelJson(true));
    ObjectNode model = root.putObject("model").put("type", "BPE");
    model.putNull("dropout").putNull("unk_token");
    model.put("fuse_unk", false).put("byte_fallback", false);
    model.put("ignore_merges", preTokenizer.ignoresMerges());
    ObjectNode vocab = model.putObject("vocab");
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      String piece = vocabulary.tokens().get(id);
      if (vocab.has(piece)) {
        throw new TokenizerException(
            "tokenizer.ggml.tokens: piece \"%s\" stands twice, as %d and as %d: the file is damaged"
                .formatted(piece, vocab.get(piece).asInt(), id));
      }
      vocab.put(piece, id);
    }
    ArrayNode merges = model.putArray("merges");
    for (int rank = 0; rank < vocabulary.merges().size(); rank++) {
      String merge = vocabulary.merges().get(rank);
      int space = merge.indexOf(' ', 1);
      if (space < 0) {
        throw new TokenizerException(
            "tokenizer.ggml.merges: entry %d \"%s\" has no two parts: the file is damaged"
                .formatted(rank, merge));
      }
      merges.addArray().add(merge.substring(0, space)).add(merge.substring(space + 1));
    }
    return of(root, "tokenizer.ggml");
  }

  private static int typeOf(GgufVocabulary vocabulary, int id) {
    if (id < vocabulary.types().size()) {
      return vocabulary.types().get(id);
    }
    // Without types only the tokens that the file names are known to be control tokens.
    boolean named = id == vocabulary.bos() || id == vocabulary.eos() || id == vocabulary.unknown();
    return named ? CONTROL : NORMAL;
  }

  private static TokenizerDefinition of(ObjectNode root, String source) {
    root.putNull("truncation");
    root.putNull("padding");
    JsonNode model = root.path("model");
    String type = model.path("type").asString("BPE");
    if (!type.equals("BPE") || !(model.path("vocab") instanceof ObjectNode vocab)) {
      throw new TokenizerException(
          source + ": model.type: \"" + type + "\" is not supported (supported: BPE)");
    }
    if (model.path("dropout").asDouble(0) != 0) {
      throw new TokenizerException(
          source + ": model.dropout: tokens would be drawn at random: set it to null");
    }
    List<AddedToken> added = new ArrayList<>();
    boolean normalises = !root.path("normalizer").isNull() && root.has("normalizer");
    for (JsonNode token : root.path("added_tokens")) {
      boolean plain =
          !token.path("single_word").asBoolean(false)
              && !token.path("lstrip").asBoolean(false)
              && !token.path("rstrip").asBoolean(false)
              && !(normalises && token.path("normalized").asBoolean(false));
      String content = token.path("content").asString("");
      if (content.isEmpty() || !token.path("id").isInt() || token.path("id").asInt() < 0) {
        throw new TokenizerException(source + ": added_tokens: an entry has no content or no id");
      }
      added.add(
          new AddedToken(
              token.path("id").asInt(), content, token.path("special").asBoolean(false), plain));
    }
    @Nullable String[] tokens = pieces(vocab, added, source);
    checkMerges(vocab, model.path("merges"), source);
    requireUnknown(vocab, model.path("unk_token"), added, source);
    List<AddedToken> inText = added.stream().filter(token -> !token.special()).toList();
    Optional<PreTokenizer> known =
        PreTokenizer.recognise(root.path("normalizer"), root.path("pre_tokenizer"));
    return new TokenizerDefinition(
        root,
        tokens,
        List.copyOf(added),
        known.map(p -> SafeCut.of(normalises, inText)).orElseGet(SafeCut::never),
        known.map(p -> SafeCut.of(normalises, added)).orElseGet(SafeCut::never),
        PieceBytes.of(root.path("decoder"), source));
  }

  private static @Nullable String[] pieces(
      ObjectNode vocab, List<AddedToken> added, String source) {
    Map<Integer, String> byId = new HashMap<>();
    long size = 0;
    for (Map.Entry<String, JsonNode> entry : vocab.properties()) {
      if (!entry.getValue().isInt() || entry.getValue().asInt() < 0) {
        throw new TokenizerException(
            source + ": model.vocab: \"" + entry.getKey() + "\" has no token id");
      }
      byId.put(entry.getValue().asInt(), entry.getKey());
      size = Math.max(size, entry.getValue().asInt() + 1L);
    }
    for (AddedToken token : added) {
      String other = byId.putIfAbsent(token.id(), token.content());
      if (other != null && !other.equals(token.content())) {
        throw new TokenizerException(
            "%s: added_tokens: id %d is \"%s\" here and \"%s\" in the vocabulary"
                .formatted(source, token.id(), token.content(), other));
      }
      size = Math.max(size, token.id() + 1L);
    }
    if (size > 2L * byId.size() + 65_536) {
      throw new TokenizerException(
          source + ": model.vocab: token ids up to " + size + " for " + byId.size() + " pieces");
    }
    @Nullable String[] tokens = new String[(int) size];
    byId.forEach((id, piece) -> tokens[id] = piece);
    return tokens;
  }

  private static void checkMerges(ObjectNode vocab, JsonNode merges, String source) {
    int rank = 0;
    for (JsonNode merge : merges) {
      String[] parts = parts(merge);
      if (parts.length != 2
          || !vocab.has(parts[0])
          || !vocab.has(parts[1])
          || !vocab.has(parts[0] + parts[1])) {
        throw new TokenizerException(
            "%s: merges: entry %d (%s) joins pieces that the vocabulary lacks: the file is damaged"
                .formatted(source, rank, merge));
      }
      rank++;
    }
  }

  /** The native library finds out with the first text that needs it: too late. */
  private static void requireUnknown(
      ObjectNode vocab, JsonNode unknown, List<AddedToken> added, String source) {
    if (!unknown.isString() || vocab.has(unknown.stringValue())) {
      return;
    }
    AddedToken token =
        added.stream()
            .filter(known -> known.content().equals(unknown.stringValue()))
            .findFirst()
            .orElseThrow(
                () ->
                    new TokenizerException(
                        "%s: model.unk_token: the vocabulary has no \"%s\": name a piece that it has, or set it to null"
                            .formatted(source, unknown.stringValue())));
    vocab.put(token.content(), token.id());
  }

  private static String[] parts(JsonNode merge) {
    if (merge.isArray() && merge.size() == 2) {
      return new String[] {merge.get(0).asString(""), merge.get(1).asString("")};
    }
    return merge.asString("").split(" ", 2);
  }

  /**
   * The definition for the native library.
   *
   * @param specials special tokens are recognised in the text
   */
  String json(boolean specials) {
    if (specials) {
      return JSON.writeValueAsString(root);
    }
    ObjectNode plain = root.deepCopy();
    // It names special tokens, and is not used: nothing is added around the text.
    plain.putNull("post_processor");
    ArrayNode recognised = plain.putArray("added_tokens");
    root.path("added_tokens")
        .forEach(
            token -> {
              if (!token.path("special").asBoolean(false)) {
                recognised.add(token);
              }
            });
    ObjectNode model = (ObjectNode) plain.path("model");
    ObjectNode vocab = (ObjectNode) model.path("vocab");
    boolean wholeWords = model.path("ignore_merges").asBoolean(false);
    Set<String> merged = new HashSet<>();
    if (wholeWords) {
      model.path("merges").forEach(merge -> merged.add(String.join("", parts(merge))));
    }
    // The library numbers added tokens itself unless the vocabulary holds them, and without the
    // special ones the numbers would move.
    for (AddedToken token : added) {
      String content = token.content();
      if (!token.special()) {
        vocab.put(content, token.id());
      } else if (wholeWords && content.codePointCount(0, content.length()) > 1) {
        // Such a vocabulary looks whole words up, so a control token spelt like a word would be
        // found: move it to a spelling that no text has in the byte-level alphabet.
        if (!merged.contains(content)) {
          vocab.remove(content);
          vocab.put("\u0000" + token.id(), token.id());
        }
      } else {
        vocab.put(content, token.id());
      }
    }
    return JSON.writeValueAsString(plain);
  }

  /** The decoder takes away the space that was put in front of the text. */
  boolean dropsFirstSpace() {
    for (JsonNode step : root.path("decoder").path("decoders")) {
      if ("Strip".equals(step.path("type").asString("")) && step.path("start").asInt(0) > 0) {
        return true;
      }
    }
    return false;
  }

  /**
   * SHA-256 over everything that decides the token ids of a text: pieces by id, merges by rank,
   * added tokens, normaliser, pre-tokenizer and the settings of the model. Layout and field order
   * of the file do not matter, nor do truncation, padding and what would be added around a text.
   *
   * @return 64 hexadecimal digits
   */
  String digest() {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    add(digest, "ltri-tokenizer-1");
    add(digest, Integer.toString(tokens.length));
    for (String piece : tokens) {
      add(digest, piece == null ? "\u0000" : piece);
    }
    JsonNode model = root.path("model");
    add(digest, Integer.toString(model.path("merges").size()));
    for (JsonNode merge : model.path("merges")) {
      for (String part : parts(merge)) {
        add(digest, part);
      }
    }
    List<AddedToken> byId =
        added.stream().sorted(java.util.Comparator.comparingInt(AddedToken::id)).toList();
    add(digest, Integer.toString(byId.size()));
    Map<Integer, JsonNode> entries = new HashMap<>();
    root.path("added_tokens").forEach(token -> entries.put(token.path("id").asInt(), token));
    for (AddedToken token : byId) {
      JsonNode entry = entries.getOrDefault(token.id(), JsonNodeFactory.instance.nullNode());
      add(digest, token.id() + " " + token.content());
      for (String flag : List.of("special", "lstrip", "rstrip", "single_word", "normalized")) {
        add(digest, Boolean.toString(entry.path(flag).asBoolean(false)));
      }
    }
    for (String part : List.of("normalizer", "pre_tokenizer", "decoder")) {
      add(digest, sorted(root.path(part)));
    }
    for (String setting : List.of("ignore_merges", "byte_fallback", "fuse_unk")) {
      add(digest, Boolean.toString(model.path(setting).asBoolean(false)));
    }
    for (String setting : List.of("unk_token", "continuing_subword_prefix", "end_of_word_suffix")) {
      add(digest, model.path(setting).asString(""));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void add(MessageDigest digest, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    digest.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
    digest.update(bytes);
  }

  private static String sorted(JsonNode node) {
    StringBuilder text = new StringBuilder();
    if (node.isObject()) {
      text.append('{');
      node.properties().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(
              entry -> text.append(entry.getKey()).append(':').append(sorted(entry.getValue())));
      return text.append('}').toString();
    }
    if (node.isArray()) {
      text.append('[');
      node.forEach(element -> text.append(sorted(element)).append(','));
      return text.append(']').toString();
    }
    return node.isMissingNode() ? "null" : node.toString();
  }
}
