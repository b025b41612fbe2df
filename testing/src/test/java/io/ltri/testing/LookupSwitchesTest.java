package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.client.Answer;
import io.ltri.client.CreatedDocument;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import io.ltri.inference.engine.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The switches of the look-up, over the real services and a tiny random model. */
class LookupSwitchesTest {
  private static final Path MODEL =
      Path.of("../inference-service/src/test/resources/models/tiny-llama");

  @TempDir private Path folder = Path.of("");

  private static LtriExtension services() {
    return LtriExtension.withModel(MODEL)
        .with("ltri.inference.precision", "fp32")
        .with("ltri.inference.threads", 1)
        .with("ltri.inference.sink-tokens", 8)
        .with("ltri.inference.window-tokens", 48)
        .with("ltri.inference.chunk-tokens", 32)
        .with("ltri.inference.reading-budget-tokens", 64)
        .with("ltri.inference.budget-tokens", 64)
        .with("ltri.inference.span-shortest", 4)
        .with("ltri.inference.span-longest", 16);
  }

  private static Answer ask(LtriExtension ltri) throws InterruptedException {
    List<String> words = List.of("the", "lamp", "keeper", "wrote", "again", "of", "ships", "sea");
    String text =
        new Random(1)
            .ints(600, 0, words.size())
            .mapToObj(words::get)
            .collect(Collectors.joining(" "));
    CreatedDocument created = ltri.client().createDocument(NewDocument.of("a text", text));
    return ltri.client()
        .generate(
            Question.builder()
                .documentId(created.document().id())
                .message(Message.user("what did the keeper write?"))
                .maxTokens(13)
                .build());
  }

  private Path heads(String digest) throws IOException {
    return Files.writeString(
        folder.resolve("heads.json"),
        "{\"format\": 1, \"model-digest\": \"" + digest + "\", \"retrieval-heads\": [\"0.1\"]}");
  }

  @Test
  void allSwitchesTogetherAnswerAndMissNothing()
      throws IOException, InterruptedException, NoSuchAlgorithmException {
    String digest =
        HexFormat.of()
            .formatHex(
                MessageDigest.getInstance("SHA-256")
                    .digest(Files.readAllBytes(MODEL.resolve("model.safetensors"))));
    LtriExtension plain = services();
    plain.start();
    Answer usual;
    int layers;
    try {
      usual = ask(plain);
      layers = plain.inferenceBean(LanguageModel.class).decoder().shape().layers();
    } finally {
      plain.stop();
    }
    LtriExtension ltri =
        services()
            .with("ltri.inference.heads-file", heads(digest))
            .with("ltri.inference.lookup.neighbour-share", 0.25)
            .with("ltri.inference.lookup.pinned-share", 0.5)
            .with("ltri.inference.lookup.mass-threshold", 0.8)
            .with("ltri.inference.lookup.head-rule", "max")
            .with("ltri.inference.lookup.head-weight", 4)
            .with("ltri.inference.lookup.background", 0.5)
            .with("ltri.inference.lookup.vote-share", 0.5)
            .with("ltri.inference.lookup.every", 2)
            .with("ltri.inference.lookup.lag", 1)
            .with("ltri.inference.lookup.stage-one", "max")
            .with("ltri.inference.reading-lookup.rescored", false)
            .with("ltri.inference.reading-lookup.memory-decay", 0.5);
    ltri.start();
    try {
      Answer answer = ask(ltri);
      assertThat(answer.figures().lookupsMissed()).isZero();
      assertThat(answer.figures().lookups()).isPositive().isEqualTo(expected(usual, layers));
      assertThat(answer.figures().retrievedTokens())
          .isPositive()
          .isLessThanOrEqualTo(64 * answer.figures().lookups());
      assertThat(usual.figures().retrievedTokens())
          .isPositive()
          .isLessThanOrEqualTo(64 * usual.figures().lookups());
      assertThat(ask(ltri).tokenIds()).isEqualTo(answer.tokenIds());
    } finally {
      ltri.stop();
    }
  }

  /** 12 steps of one token follow the prompt; every second looks up. */
  private static long expected(Answer usual, int layers) {
    assertThat(usual.figures().generatedTokens()).isEqualTo(13);
    return usual.figures().lookups() - 6L * layers;
  }

  @Test
  void headsOfAnotherModelAreRefusedAtTheStart() throws IOException {
    LtriExtension ltri = services().with("ltri.inference.heads-file", heads("another"));
    try {
      assertThatThrownBy(ltri::start)
          .rootCause()
          .hasMessageContaining("heads-file was made with another model");
    } finally {
      ltri.stop();
    }
  }
}
