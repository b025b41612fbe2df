package io.ltri.inference.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.ltri.inference.model.GgufVocabulary;
import io.ltri.inference.model.ModelFiles;
import io.ltri.inference.model.ModelSource;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * The whole vocabulary of the default model. Its goldens were made by Hugging Face tokenizers, and
 * llama.cpp gave the same ids for every text ({@code src/test/python/make_tokenizer_goldens.py}).
 */
@Tag("slow")
class DefaultModelTokenizerTest {

  private static @Nullable GgufVocabulary vocabulary;
  private static @Nullable Tokenizer tokenizer;

  @BeforeAll
  static void open() {
    String path =
        System.getProperty("LTRI_TEST_MODEL", System.getenv().getOrDefault("LTRI_TEST_MODEL", ""));
    assumeThat(path).as("LTRI_TEST_MODEL names the default model file").isNotEmpty();
    try (ModelSource model = ModelFiles.open(Path.of(path))) {
      vocabulary = model.vocabulary().orElseThrow();
    }
    tokenizer = Tokenizer.of(vocabulary);
  }

  @AfterAll
  static void close() {
    if (tokenizer != null) {
      tokenizer.close();
    }
  }

  private static Tokenizer tokenizer() {
    return Objects.requireNonNull(tokenizer);
  }

  @Test
  void idsEqualThoseOfHuggingFaceAndLlamaCpp() {
    JsonNode goldens = SmallTokenizers.json("smollm2-goldens.json");
    TokenizerTest.assertGoldens(tokenizer(), goldens);
    for (JsonNode row : goldens) {
      assertThat(row.path("llamaCpp").asString()).isEqualTo("same ids");
    }
  }

  @Test
  void everyTokenIsFoundByItsPieceAndOnlyControlTokensAreSpecial() {
    assertThat(tokenizer().vocabularySize()).isEqualTo(49_152);
    for (int id = 0; id < tokenizer().vocabularySize(); id++) {
      assertThat(tokenizer().id(Objects.requireNonNull(vocabulary).tokens().get(id))).hasValue(id);
    }
    assertThat(IntStream.range(0, 49_152).filter(tokenizer()::isSpecial).count()).isEqualTo(17);
  }

  @Test
  void longTextInPiecesGivesTheTokensOfTheWhole() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; text.length() < 400_000; i++) {
      for (JsonNode row : SmallTokenizers.json("smollm2-goldens.json")) {
        text.append(row.path("text").asString()).append(i % 2 == 0 ? "\n" : " ");
      }
    }
    TokenStreamTest.assertSameAsWhole(tokenizer(), text.toString(), TokenStream.PIECE_CHARS);
    TokenStreamTest.assertSameAsWhole(tokenizer(), text.toString(), 100);
    assertThat(tokenizer().stream(new StringReader(text.toString())).next()).isNotNull();
  }
}
