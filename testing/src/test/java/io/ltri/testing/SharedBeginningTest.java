package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.client.Answer;
import io.ltri.client.CreatedDocument;
import io.ltri.client.Document;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Prompts and texts that begin as a known document does, and then go on differently. */
@Tag("slow")
class SharedBeginningTest {

  /** Four chunks. */
  private static final int CHECKPOINT_TOKENS = 128;

  @RegisterExtension
  static final LtriExtension LTRI =
      TinyModel.services()
          .with("ltri.inference.checkpoint-tokens", CHECKPOINT_TOKENS)
          .with("ltri.inference.boundaries", 4);

  private static CreatedDocument read(NewDocument text) throws InterruptedException {
    return LTRI.client().createDocument(text);
  }

  private static Question.Builder asked(String content) {
    return Question.builder().message(Message.user(content)).maxTokens(8).logProbabilities(true);
  }

  private static void assertSame(Answer answer, Answer expected) {
    assertThat(answer.figures().lookupsMissed()).isZero();
    assertThat(answer.tokenIds()).isEqualTo(expected.tokenIds());
    assertThat(answer.logProbabilities()).isEqualTo(expected.logProbabilities());
  }

  @Test
  void aPromptGoesOnFromTheLastBoundaryThatItSharesAsIfAllOfItWereRead()
      throws InterruptedException {
    String beginning = TinyModel.text(400, 1);
    Document document =
        read(NewDocument.of("a text", beginning + " " + TinyModel.text(300, 2))).document();
    Question.Builder prompt = asked(beginning + " " + TinyModel.text(90, 3) + " who?");
    Answer cold = LTRI.client().generate(prompt.reuse(false).build());
    assertThat(cold.figures().reusedTokens()).isZero();

    Answer warm = LTRI.client().generate(prompt.reuse(true).build());
    assertThat(warm.figures().reusedTokens())
        .isGreaterThanOrEqualTo(2 * CHECKPOINT_TOKENS)
        .isLessThan(document.tokens());
    assertThat(warm.figures().reusedTokens() % CHECKPOINT_TOKENS).isZero();
    assertThat(warm.figures().documentId()).isEqualTo(document.id());
    assertThat(warm.figures().lookups()).isPositive();
    assertSame(warm, cold);
    LTRI.restart();
    assertSame(LTRI.client().generate(prompt.build()), cold);

    JsonNode usage =
        new Http(LTRI::http)
            .post(
                "/v1/chat/completions",
                "{\"max_tokens\":2,\"messages\":[{\"role\":\"user\",\"content\":\""
                    + beginning
                    + " and else?\"}]}")
            .json()
            .path("usage");
    assertThat(usage.path("prompt_tokens_details").path("cached_tokens").asLong(0))
        .isEqualTo(warm.figures().reusedTokens());

    Answer ofAnother = LTRI.client().generate(prompt.tenant("another").build());
    assertThat(ofAnother.figures().reusedTokens()).isZero();
    assertSame(ofAnother, cold);
  }

  @Test
  void aConversationOverABeginningIsKeptAndOutlivesItsDocument() throws InterruptedException {
    String beginning = TinyModel.text(400, 11);
    Document document =
        read(NewDocument.of("a text", beginning + " " + TinyModel.text(200, 12))).document();
    Message first = Message.user(beginning + " " + TinyModel.text(60, 13) + " who?");
    Answer kept =
        LTRI.client()
            .generate(
                Question.builder()
                    .message(first)
                    .maxTokens(1)
                    .keep(Duration.ofMinutes(5))
                    .sources(5)
                    .build());
    assertThat(kept.figures().reusedTokens()).isPositive();
    assertThat(kept.figures().keptId()).isNotEmpty();
    assertThat(kept.figures().sources())
        .isNotEmpty()
        .allSatisfy(source -> assertThat(source.documentId()).isEqualTo(document.id()));
    assertThat(LTRI.client().document(kept.figures().keptId()).parentId()).isEqualTo(document.id());
    long unused = LTRI.client().delete(document.id());
    List<Message> turns =
        List.of(first, Message.assistant(kept.text()), Message.user(TinyModel.text(5, 14)));
    Question.Builder next = Question.builder().messages(turns).maxTokens(8).logProbabilities(true);
    Answer warm = LTRI.client().generate(next.build());
    assertThat(warm.figures().reusedTokens()).isGreaterThan(kept.figures().reusedTokens());
    assertThat(warm.figures().lookupsMissed()).isZero();
    LTRI.restart();
    assertSame(LTRI.client().generate(next.build()), warm);
  }

  @Test
  void aTextThatBeginsAsAKnownOneIsReadFromThereAndIsTheSameDocument() throws Exception {
    String beginning = TinyModel.text(500, 21);
    Document known =
        read(NewDocument.of("known", beginning + " " + TinyModel.text(200, 22))).document();
    String text = beginning + " " + TinyModel.text(400, 23);
    CreatedDocument alone = read(NewDocument.of("alone", text).withFresh(true));
    assertThat(alone.reusedTokens()).isZero();
    Answer expected =
        LTRI.client()
            .generate(
                TinyModel.question(alone.document().id(), "who?").logProbabilities(true).build());
    // How many bytes that frees at once depends on whether the answer has quite ended.
    long unused = LTRI.client().delete(alone.document().id());

    CreatedDocument child = read(NewDocument.of("child", text));
    assertThat(child.read()).isTrue();
    assertThat(child.reusedTokens()).isGreaterThanOrEqualTo(2 * CHECKPOINT_TOKENS);
    assertThat(child.reusedTokens() % CHECKPOINT_TOKENS).isZero();
    assertThat(child.document().parentId()).isEqualTo(known.id());
    assertThat(child.document().digest()).isEqualTo(alone.document().digest());
    assertThat(child.document().tokens()).isEqualTo(alone.document().tokens());
    assertThat(child.document().sizeBytes()).isLessThan(alone.document().sizeBytes());
    Question over =
        TinyModel.question(child.document().id(), "who?").logProbabilities(true).build();
    assertSame(LTRI.client().generate(over), expected);

    // Behind the boundaries of a document that itself goes on behind one.
    CreatedDocument third = read(NewDocument.of("third", text + " " + TinyModel.text(50, 24)));
    assertThat(third.document().parentId()).isEqualTo(child.document().id());
    assertThat(third.reusedTokens()).isGreaterThan(child.reusedTokens());

    ByteArrayOutputStream file = new ByteArrayOutputStream();
    LTRI.client().export(child.document().id(), file);
    assertThat(LTRI.client().delete(known.id())).isZero();
    LTRI.restart();
    assertSame(LTRI.client().generate(over), expected);
    assertThat(LTRI.client().verify(child.document().id(), (bytes, total) -> {})).isEmpty();
    Document imported =
        LTRI.client().importDocument(new ByteArrayInputStream(file.toByteArray()), "");
    assertThat(imported.digest()).isEqualTo(child.document().digest());
    assertSame(
        LTRI.client()
            .generate(TinyModel.question(imported.id(), "who?").logProbabilities(true).build()),
        expected);

    CreatedDocument rebuilt = read(NewDocument.rebuilding(child.document().id()));
    assertThat(rebuilt.document().digest()).isEqualTo(child.document().digest());
    assertThat(rebuilt.document().tokens()).isEqualTo(child.document().tokens());
    assertSame(
        LTRI.client()
            .generate(
                TinyModel.question(rebuilt.document().id(), "who?").logProbabilities(true).build()),
        expected);
  }
}
