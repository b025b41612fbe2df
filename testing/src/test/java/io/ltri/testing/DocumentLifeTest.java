package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.ltri.client.Answer;
import io.ltri.client.CreatedDocument;
import io.ltri.client.Document;
import io.ltri.client.DocumentUpdate;
import io.ltri.client.LtriException;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What can be done with a document that was read, through the client. */
@Tag("slow")
class DocumentLifeTest {

  /**
   * A random model's words are rarely the tokens that their text gets. The last token of an answer
   * is not taken in, so that of an answer of one token nothing but the prompt is kept.
   */
  private static final int ONE_TOKEN = 1;

  @RegisterExtension static final LtriExtension LTRI = TinyModel.services();

  private static CreatedDocument read(String text) throws InterruptedException {
    return LTRI.client().createDocument(NewDocument.of("a text", text));
  }

  private static Answer ask(String documentId, String question) {
    return LTRI.client().generate(TinyModel.question(documentId, question).build());
  }

  @Test
  void titleTagsPinAndEndChangeAndOutliveARestart() throws InterruptedException {
    Document document = read(TinyModel.text(300, 1)).document();
    LTRI.client().update(document.id(), DocumentUpdate.title("another title"));
    LTRI.client().update(document.id(), DocumentUpdate.tags(Set.of("red", "blue"), Set.of()));
    LTRI.client().update(document.id(), DocumentUpdate.tags(Set.of(), Set.of("red")));
    LTRI.client().update(document.id(), DocumentUpdate.pinned(true));
    LTRI.client().update(document.id(), DocumentUpdate.expiry(Duration.ofHours(2), true));
    LTRI.restart();
    Document changed = LTRI.client().document(document.id());
    assertThat(changed.title()).isEqualTo("another title");
    assertThat(changed.life().tags()).containsExactly("blue");
    assertThat(changed.life().pinned()).isTrue();
    assertThat(changed.life().expiresAt().orElseThrow()).isAfter(Instant.now());
    assertThat(changed.life().extendWithUse()).isTrue();
    assertThat(changed.digest()).isEqualTo(document.digest());
  }

  private static CreatedDocument read(String text, int replicas) throws InterruptedException {
    return LTRI.client()
        .createDocument(
            NewDocument.of("a text", text)
                .withKeeping(new NewDocument.Keeping(false, "", Duration.ZERO, false, replicas)));
  }

  @Test
  void aDocumentTellsTheReplicasThatItAsksForAlsoOfOneIndexNode() throws Exception {
    String text = TinyModel.text(300, 31);
    Document three = read(text, 3).document();
    assertThat(three.replicas()).isEqualTo(3);
    LTRI.restart();
    assertThat(LTRI.client().document(three.id()).replicas()).isEqualTo(3);
    assertThat(ask(three.id(), "who?").figures().lookupsMissed()).isZero();
    // Whoever asks for none in particular takes it; whoever asks for others gets them.
    assertThat(read(text).document().id()).isEqualTo(three.id());
    assertThat(read(text, 3).read()).isFalse();
    CreatedDocument two = read(text, 2);
    assertThat(two.read()).isTrue();
    assertThat(two.document().replicas()).isEqualTo(2);
    assertThat(two.document().digest()).isEqualTo(three.digest());
    CreatedDocument rebuilt =
        LTRI.client().createDocument(NewDocument.rebuilding(two.document().id()));
    assertThat(rebuilt.document().replicas()).isEqualTo(2);
    ByteArrayOutputStream exported = new ByteArrayOutputStream();
    LTRI.client().export(three.id(), exported);
    Document imported =
        LTRI.client().importDocument(new ByteArrayInputStream(exported.toByteArray()), "");
    assertThat(imported.replicas()).isEqualTo(3);
    NewDocument more = NewDocument.of("more", TinyModel.text(100, 32)).continuing(three.id());
    assertThat(LTRI.client().createDocument(more).document().replicas()).isEqualTo(3);
    assertThatThrownBy(
            () ->
                LTRI.client()
                    .createDocument(
                        more.withKeeping(
                            new NewDocument.Keeping(false, "", Duration.ZERO, false, 2))))
        .isInstanceOf(LtriException.class)
        .hasMessageContaining("has 3 replicas");
    assertThatThrownBy(() -> read(text, 17))
        .isInstanceOfSatisfying(
            LtriException.class,
            failure -> assertThat(failure.code()).isEqualTo(Status.Code.INVALID_ARGUMENT))
        .hasMessageContaining("1 to 16");
  }

  @Test
  void aDocumentWhoseEndHasComeIsGone() throws InterruptedException {
    Document document = read(TinyModel.text(300, 2)).document();
    LTRI.client().update(document.id(), DocumentUpdate.expiry(Duration.ofMillis(500), false));
    Thread.sleep(600);
    assertThat(LTRI.client().collectGarbage()).isNotNull();
    assertThatThrownBy(() -> ask(document.id(), "who?"))
        .isInstanceOfSatisfying(
            LtriException.class,
            failure -> assertThat(failure.code()).isEqualTo(Status.Code.NOT_FOUND));
    assertThat(LTRI.client().deleted(0))
        .anySatisfy(
            deleted -> {
              assertThat(deleted.id()).isEqualTo(document.id());
              assertThat(deleted.reason()).isEqualTo("expired");
              assertThat(deleted.freedBytes()).isPositive();
            });
  }

  @Test
  void aTextThatContinuesADocumentSharesItsFilesAndIsAnsweredAfterItsDeletion()
      throws InterruptedException {
    Document old = read(TinyModel.text(600, 3)).document();
    String more = TinyModel.text(200, 4);
    CreatedDocument longer =
        LTRI.client().createDocument(NewDocument.of("more", more).continuing(old.id()));
    assertThat(longer.reusedTokens()).isEqualTo(old.tokens());
    assertThat(longer.document().parentId()).isEqualTo(old.id());
    assertThat(longer.document().tokens()).isGreaterThan(old.tokens() + 100);
    assertThat(longer.document().sizeBytes()).isLessThan(old.sizeBytes());
    Answer first = ask(longer.document().id(), "who?");
    assertThat(first.figures().lookupsMissed()).isZero();

    CreatedDocument again =
        LTRI.client().createDocument(NewDocument.of("more", more).continuing(old.id()));
    assertThat(again.read()).isFalse();

    LTRI.client().delete(old.id());
    assertThat(LTRI.client().documents()).extracting(Document::id).doesNotContain(old.id());
    assertThat(ask(longer.document().id(), "who?").tokenIds()).isEqualTo(first.tokenIds());
    LTRI.restart();
    assertThat(ask(longer.document().id(), "who?").tokenIds()).isEqualTo(first.tokenIds());
    assertThat(LTRI.client().verify(longer.document().id(), (bytes, total) -> {})).isEmpty();
  }

  @Test
  void aConversationGoesOnWhereItsLastTurnEnded() throws InterruptedException {
    Document document = read(TinyModel.text(600, 5)).document();
    Message asked = Message.user(TinyModel.text(60, 6));
    Question.Builder question =
        Question.builder().documentId(document.id()).message(asked).maxTokens(ONE_TOKEN);
    Answer first = LTRI.client().generate(question.keep(Duration.ofMinutes(5)).build());
    assertThat(first.figures().keepProblem()).isEmpty();
    assertThat(first.figures().keptId()).isNotEmpty();
    assertThat(LTRI.client().documents())
        .extracting(Document::id)
        .doesNotContain(first.figures().keptId());

    LTRI.restart();
    List<Message> turns =
        List.of(asked, Message.assistant(first.text()), Message.user(TinyModel.text(5, 7)));
    Question next =
        Question.builder().documentId(document.id()).messages(turns).maxTokens(12).build();
    Answer second = LTRI.client().generate(next);
    assertThat(second.figures().documentId()).isEqualTo(first.figures().keptId());
    assertThat(second.figures().reusedTokens()).isGreaterThan(document.tokens() + 60);
    assertThat(LTRI.client().generate(next).tokenIds()).isEqualTo(second.tokenIds());

    Document promoted = LTRI.client().update(first.figures().keptId(), DocumentUpdate.promotion());
    assertThat(promoted.kind()).isEqualTo("document");
    assertThat(promoted.life().expiresAt()).isEmpty();
    assertThat(LTRI.client().documents()).extracting(Document::id).contains(promoted.id());
  }

  @Test
  void aKeptConversationOfOneTenantIsNotUsedByAnother() {
    Message asked = Message.user(TinyModel.text(200, 8));
    Question.Builder question =
        Question.builder().message(asked).maxTokens(ONE_TOKEN).tenant("one");
    Answer first = LTRI.client().generate(question.keep(Duration.ofMinutes(5)).build());
    assertThat(first.figures().keptId()).isNotEmpty();
    List<Message> turns =
        List.of(asked, Message.assistant(first.text()), Message.user("and then?"));
    Question.Builder next = Question.builder().messages(turns).maxTokens(6);
    assertThat(LTRI.client().generate(next.tenant("two").build()).figures().reusedTokens())
        .isZero();
    assertThat(LTRI.client().generate(next.tenant("one").build()).figures().documentId())
        .isEqualTo(first.figures().keptId());
  }

  @Test
  void aDocumentThatNoLongerFitsIsRebuiltFromItsText() throws InterruptedException {
    String text = TinyModel.text(400, 9);
    Document old = read(text).document();
    LTRI.client().update(old.id(), DocumentUpdate.title("the one"));
    Document forgetful =
        LTRI.client()
            .createDocument(
                NewDocument.of("forgotten", TinyModel.text(300, 10))
                    .withKeeping(new NewDocument.Keeping(true, "", Duration.ZERO, false)))
            .document();
    LTRI.stop();
    LTRI.with("ltri.inference.span-longest", 12).start();
    try {
      assertThatThrownBy(() -> ask(old.id(), "who?"))
          .isInstanceOf(LtriException.class)
          .hasMessageContaining("span");
      CreatedDocument rebuilt = LTRI.client().createDocument(NewDocument.rebuilding(old.id()));
      assertThat(rebuilt.read()).isTrue();
      assertThat(rebuilt.document().title()).isEqualTo("the one");
      assertThat(rebuilt.document().tokens()).isEqualTo(old.tokens());
      assertThat(ask(rebuilt.document().id(), "who?").figures().lookupsMissed()).isZero();
      assertThat(LTRI.client().documents()).extracting(Document::id).doesNotContain(old.id());
      assertThat(LTRI.client().deleted(1))
          .singleElement()
          .satisfies(
              deleted -> {
                assertThat(deleted.id()).isEqualTo(old.id());
                assertThat(deleted.reason()).isEqualTo("replaced");
              });
      assertThatThrownBy(() -> LTRI.client().createDocument(NewDocument.rebuilding(forgetful.id())))
          .isInstanceOf(LtriException.class)
          .hasMessageContaining("was not kept");
    } finally {
      LTRI.stop();
      LTRI.with("ltri.inference.span-longest", 16).start();
    }
  }

  @Test
  void twoWhoReadTheSameTextAtOnceReadItOnce() throws InterruptedException {
    String text = TinyModel.text(800, 11);
    CreatedDocument[] results = new CreatedDocument[2];
    Thread[] readers = new Thread[2];
    for (int i = 0; i < 2; i++) {
      int reader = i;
      readers[i] =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      results[reader] = read(text);
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  });
    }
    for (Thread reader : readers) {
      reader.join();
    }
    assertThat(results[0].document().id()).isEqualTo(results[1].document().id());
    assertThat(results[0].read()).isNotEqualTo(results[1].read());
  }
}
