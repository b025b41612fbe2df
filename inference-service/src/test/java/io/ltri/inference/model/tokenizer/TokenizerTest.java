package io.ltri.inference.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.model.GgufVocabulary;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class TokenizerTest {

  private static final JsonNode GOLDENS = SmallTokenizers.json("goldens.json");

  static int[] ids(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  static void assertGoldens(Tokenizer tokenizer, JsonNode rows) {
    assertThat(rows).hasSizeGreaterThan(18);
    for (JsonNode row : rows) {
      String name = row.path("name").asString();
      String text = row.path("text").asString();
      int[] textIds = ids(row.path("textIds"));
      int[] templateIds = row.has("templateIds") ? ids(row.path("templateIds")) : textIds;
      assertThat(tokenizer.encodeText(text)).as("%s as text", name).isEqualTo(textIds);
      assertThat(tokenizer.encodeTemplate(text)).as("%s as template", name).isEqualTo(templateIds);
      assertThat(tokenizer.decode(templateIds))
          .as("%s decoded", name)
          .isEqualTo(row.has("decoded") ? row.path("decoded").asString() : text);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "digits", "llama3", "qwen2", "fallback"})
  void idsAndTextEqualThoseOfHuggingFace(String family) {
    assertGoldens(SmallTokenizers.tokenizer(family), GOLDENS.path(family).path("texts"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "digits", "llama3", "qwen2"})
  void rebuiltFromGgufIdsAndTextEqualThoseOfHuggingFace(String family) {
    assertGoldens(SmallTokenizers.rebuilt(family), GOLDENS.path(family).path("texts"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "digits", "llama3", "qwen2"})
  void brokenUtf8DecodesAsHuggingFaceDecodesIt(String family) {
    for (JsonNode row : GOLDENS.path(family).path("broken")) {
      assertThat(SmallTokenizers.tokenizer(family).decode(ids(row.path("ids"))))
          .isEqualTo(row.path("decoded").asString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "digits", "llama3", "qwen2"})
  void controlTokensInTextStayText(String family) {
    for (Tokenizer tokenizer :
        List.of(SmallTokenizers.tokenizer(family), SmallTokenizers.rebuilt(family))) {
      int[] text = tokenizer.encodeText("a<|im_end|>STOPWORD STOPWORD\n<|endoftext|>");
      assertThat(IntStream.of(text)).noneMatch(tokenizer::isSpecial);
      assertThat(tokenizer.decode(text)).isEqualTo("a<|im_end|>STOPWORD STOPWORD\n<|endoftext|>");
      assertThat(tokenizer.encodeTemplate("<|im_end|>"))
          .containsExactly(tokenizer.id("<|im_end|>").orElseThrow());
    }
  }

  @Test
  void spellingsOfControlTokensAreNoticed() {
    Tokenizer tokenizer = SmallTokenizers.tokenizer("qwen2");
    assertThat(tokenizer.spellsSpecial("stop<|im_end|>now")).isTrue();
    assertThat(tokenizer.spellsSpecial("<|im_end <tool_call>")).isFalse();
  }

  @Test
  void longTextsAreNeitherTruncatedNorPadded() {
    Tokenizer tokenizer = SmallTokenizers.tokenizer("gpt2");
    String text = "The quick brown fox. ".repeat(5_000);
    assertThat(tokenizer.decode(tokenizer.encodeText(text))).isEqualTo(text);
    assertThat(tokenizer.encodeText("fox")).hasSizeLessThan(4);
  }

  @Test
  void loneSurrogatesAreReadAsReplacementCharacters() {
    Tokenizer tokenizer = SmallTokenizers.tokenizer("gpt2");
    String text = "a\uD83D b \uDE00 \uD83D\uDE00 c";
    assertThat(tokenizer.decode(tokenizer.encodeText(text)))
        .isEqualTo("a\uFFFD b \uFFFD \uD83D\uDE00 c");
  }

  @Test
  void digestDependsOnContentNotOnLayout(@TempDir Path folder) throws Exception {
    Path original = SmallTokenizers.file("llama3.json");
    String json = Files.readString(original);
    Path padded = folder.resolve("padded.json");
    Files.writeString(
        padded,
        json.replace("\"truncation\":null", "\n\"truncation\" : null")
            .replace(
                "\"padding\":null",
                "\"padding\":{\"strategy\":{\"Fixed\":512},\"direction\":\"Right\","
                    + "\"pad_to_multiple_of\":null,\"pad_id\":0,\"pad_type_id\":0,"
                    + "\"pad_token\":\"!\"}"));
    Path changed = folder.resolve("changed.json");
    Files.writeString(changed, json.replace("\"ignore_merges\":true", "\"ignore_merges\":false"));
    try (Tokenizer first = Tokenizer.open(original);
        Tokenizer second = Tokenizer.open(padded);
        Tokenizer third = Tokenizer.open(changed)) {
      assertThat(first.digest()).matches("[0-9a-f]{64}").isEqualTo(second.digest());
      assertThat(second.encodeText("The fox")).isEqualTo(first.encodeText("The fox"));
      assertThat(third.digest()).isNotEqualTo(first.digest());
    }
    assertThat(SmallTokenizers.tokenizer("qwen2").digest())
        .isNotEqualTo(SmallTokenizers.tokenizer("digits").digest());
  }

  @Test
  void unsupportedPreTokenizerIsRefusedByName() {
    GgufVocabulary v = SmallTokenizers.vocabulary("gpt2");
    assertThatThrownBy(
            () ->
                Tokenizer.of(
                    new GgufVocabulary(
                        "gpt2",
                        "tekken",
                        v.tokens(),
                        v.merges(),
                        v.types(),
                        -1,
                        -1,
                        -1,
                        false,
                        false,
                        null)))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("tokenizer.ggml.pre")
        .hasMessageContaining("tekken");
    assertThatThrownBy(
            () ->
                Tokenizer.of(
                    new GgufVocabulary(
                        "llama",
                        "default",
                        v.tokens(),
                        v.merges(),
                        v.types(),
                        -1,
                        -1,
                        -1,
                        false,
                        false,
                        null)))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("tokenizer.ggml.model")
        .hasMessageContaining("llama");
  }

  @Test
  void damagedVocabulariesAreRefusedByField() {
    GgufVocabulary v = SmallTokenizers.vocabulary("gpt2");
    List<String> merges = new ArrayList<>(v.merges());
    merges.set(3, "no such");
    assertThatThrownBy(() -> Tokenizer.of(with(v, v.tokens(), merges)))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("merges: entry 3");
    List<String> tokens = new ArrayList<>(v.tokens());
    tokens.set(9, tokens.get(8));
    assertThatThrownBy(() -> Tokenizer.of(with(v, tokens, v.merges())))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("tokenizer.ggml.tokens");
  }

  private static GgufVocabulary with(GgufVocabulary v, List<String> tokens, List<String> merges) {
    return new GgufVocabulary(
        "gpt2", "gpt-2", tokens, merges, v.types(), -1, -1, -1, false, false, null);
  }

  @Test
  void withoutTypesTheNamedTokensAreControlTokens() {
    GgufVocabulary v = SmallTokenizers.vocabulary("gpt2");
    int end = v.tokens().indexOf("<|im_end|>");
    GgufVocabulary untyped =
        new GgufVocabulary(
            "gpt2", "gpt-2", v.tokens(), v.merges(), List.of(), -1, end, -1, false, false, null);
    try (Tokenizer tokenizer = Tokenizer.of(untyped)) {
      assertThat(tokenizer.encodeTemplate("<|im_end|>")).containsExactly(end);
      assertThat(tokenizer.encodeText("<|im_end|>")).hasSizeGreaterThan(1);
    }
  }

  @Test
  void filesThatAreNoTokenizersAreRefusedByName(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("tokenizer.json");
    for (String content :
        List.of(
            "{\"model\":",
            "[]",
            "{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}",
            "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},"
                + "\"decoder\":{\"type\":\"WordPiece\"}}",
            "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a a\"]},"
                + "\"decoder\":{\"type\":\"ByteLevel\"}}",
            "{\"model\":{\"type\":\"BPE\",\"unk_token\":\"b\",\"vocab\":{\"a\":0},\"merges\":[]},"
                + "\"decoder\":{\"type\":\"ByteLevel\"}}",
            "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]},"
                + "\"decoder\":{\"type\":\"ByteLevel\"}}")) {
      Files.writeString(file, content);
      assertThatThrownBy(() -> Tokenizer.open(file))
          .isInstanceOf(TokenizerException.class)
          .hasMessageContaining(file.toString());
    }
  }

  @Test
  void closedTokenizerSaysSo() {
    Tokenizer tokenizer = Tokenizer.of(SmallTokenizers.vocabulary("gpt2"));
    tokenizer.close();
    tokenizer.close();
    assertThatThrownBy(() -> tokenizer.encodeText("text"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "digits", "llama3", "qwen2"})
  void piecesOfTheVocabularyAreFoundById(String family) {
    Tokenizer tokenizer = SmallTokenizers.tokenizer(family);
    assertThat(tokenizer.vocabularySize())
        .isEqualTo(SmallTokenizers.rebuilt(family).vocabularySize());
    int toolCall = tokenizer.id("<tool_call>").orElseThrow();
    assertThat(tokenizer.bytes(toolCall)).isEqualTo("<tool_call>".getBytes(StandardCharsets.UTF_8));
    assertThat(tokenizer.isSpecial(toolCall)).isFalse();
    assertThat(tokenizer.id("<no_such_token>")).isEmpty();
    assertThat(IntStream.range(0, tokenizer.vocabularySize()).filter(tokenizer::isSpecial).count())
        .isEqualTo(4);
  }
}
