package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import io.ltri.client.Answer;
import io.ltri.client.AnswerFigures.FinishReason;
import io.ltri.client.AnswerStream;
import io.ltri.client.AnswerText;
import io.ltri.client.CreatedDocument;
import io.ltri.client.LtriException;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import io.ltri.client.Reading;
import io.ltri.client.Sampling;
import io.ltri.client.TokenProbability;
import io.ltri.inference.engine.Generator;
import io.ltri.proto.index.v1.DocumentState;
import io.ltri.proto.index.v1.ListDocumentsRequest;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The whole system over a tiny random model: what it says means nothing, but it must always say the
 * same.
 */
@Tag("slow")
class TinyModelTest {

  @RegisterExtension
  static final LtriExtension LTRI =
      LtriExtension.withModel(Path.of("../inference-service/src/test/resources/models/tiny-llama"))
          .with("ltri.inference.precision", "fp32")
          .with("ltri.inference.threads", 1)
          .with("ltri.inference.sink-tokens", 8)
          .with("ltri.inference.window-tokens", 48)
          .with("ltri.inference.chunk-tokens", 32)
          .with("ltri.inference.reading-budget-tokens", 64)
          .with("ltri.inference.budget-tokens", 64)
          .with("ltri.inference.span-shortest", 4)
          .with("ltri.inference.span-longest", 16);

  private static String text(int words, long seed) {
    List<String> vocabulary =
        List.of("the", "lamp", "keeper", "wrote", "again", "of", "ships", "and", "weather", "sea");
    return new Random(seed)
        .ints(words, 0, vocabulary.size())
        .mapToObj(vocabulary::get)
        .collect(Collectors.joining(" "));
  }

  private static CreatedDocument read(String text) throws InterruptedException {
    return LTRI.client().createDocument(NewDocument.of("a text", text));
  }

  private static Question.Builder question(String documentId) {
    return Question.builder()
        .documentId(documentId)
        .message(Message.user("what did the keeper write?"))
        .maxTokens(12);
  }

  private static LtriException failure(ThrowingCallable call) {
    Throwable thrown = catchThrowable(call);
    assertThat(thrown).isInstanceOf(LtriException.class);
    return (LtriException) thrown;
  }

  @Test
  void theMostProbableTokensComeInThePlaceOfEachToken() {
    List<AnswerText> pieces = new ArrayList<>();
    try (AnswerStream answer =
        LTRI.client().stream(
            Question.builder()
                .message(Message.user("who?"))
                .maxTokens(4)
                .topLogProbabilities(3)
                .build())) {
      while (answer.hasNext()) {
        if (answer.next() instanceof AnswerText text && !text.tokenIds().isEmpty()) {
          pieces.add(text);
        }
      }
    }
    assertThat(pieces).isNotEmpty();
    for (AnswerText piece : pieces) {
      assertThat(piece.mostProbable()).hasSize(3);
      TokenProbability first = piece.mostProbable().getFirst();
      // A greedy answer takes the most probable one.
      assertThat(first.tokenId()).isEqualTo(piece.tokenIds().getFirst());
      assertThat(first.logProbability()).isEqualTo(piece.logProbabilities().getFirst());
      assertThat(piece.mostProbable())
          .isSortedAccordingTo(Comparator.comparing(TokenProbability::logProbability).reversed());
    }
    assertThatThrownBy(
            () ->
                LTRI.client()
                    .generate(
                        Question.builder()
                            .message(Message.user("who?"))
                            .topLogProbabilities(21)
                            .build()))
        .isInstanceOf(LtriException.class)
        .hasMessageContaining("from 0 to 20");
  }

  @Test
  void aDocumentReadOnceIsOpenedByEveryLaterSession() throws InterruptedException {
    CreatedDocument created = read(text(1500, 1));
    assertThat(created.read()).isTrue();
    assertThat(created.document().tokens()).isGreaterThan(1500);
    assertThat(created.document().spans()).isPositive();

    Answer first = LTRI.client().generate(question(created.document().id()).build());
    assertThat(first.figures().reusedTokens()).isEqualTo(created.document().tokens());
    assertThat(first.figures().lookups()).isPositive();
    assertThat(first.figures().lookupsMissed()).isZero();
    assertThat(first.figures().spansFetched()).isPositive();

    Answer again = LTRI.client().generate(question(created.document().id()).build());
    assertThat(again.tokenIds()).isEqualTo(first.tokenIds());

    LTRI.restart();
    Answer afterRestart = LTRI.client().generate(question(created.document().id()).build());
    assertThat(afterRestart.tokenIds()).isEqualTo(first.tokenIds());
    assertThat(afterRestart.figures().reusedTokens()).isEqualTo(created.document().tokens());
  }

  @ParameterizedTest
  @ValueSource(strings = {"full", "streaming", "infllm", "oracle"})
  void aDocumentReadUnderABaselineIsAnsweredUnderItAlsoAfterARestart(String policy)
      throws InterruptedException {
    CreatedDocument created =
        LTRI.client().createDocument(NewDocument.of("a text", text(1500, 21)).withPolicy(policy));
    assertThat(created.document().spans()).isZero();
    Answer first = LTRI.client().generate(question(created.document().id()).build());
    assertThat(first.figures().reusedTokens()).isEqualTo(created.document().tokens());
    LTRI.restart();
    Answer afterRestart = LTRI.client().generate(question(created.document().id()).build());
    assertThat(afterRestart.tokenIds()).isEqualTo(first.tokenIds());
  }

  @Test
  void aKnownTextIsNotReadAgainAndTheSameIdentityGivesTheSameDigest() throws InterruptedException {
    CreatedDocument first = read(text(300, 2));
    CreatedDocument second = read(text(300, 2));
    assertThat(second.read()).isFalse();
    assertThat(second.document().id()).isEqualTo(first.document().id());
    CreatedDocument fresh =
        LTRI.client().createDocument(NewDocument.of("a text", text(300, 2)).withFresh(true));
    assertThat(fresh.read()).isTrue();
    assertThat(fresh.document().id()).isNotEqualTo(first.document().id());
    assertThat(fresh.document().digest()).isEqualTo(first.document().digest());
    assertThat(read(text(300, 3)).document().digest()).isNotEqualTo(first.document().digest());
  }

  @Test
  void aPromptThatBeginsWithAKnownDocumentUsesIt() throws InterruptedException {
    String text = text(400, 4);
    CreatedDocument created = read(text);
    Answer byHandle = LTRI.client().generate(question(created.document().id()).build());
    Question whole =
        Question.builder()
            .message(Message.user(text + "\n\nwhat did the keeper write?"))
            .maxTokens(12)
            .build();
    Answer byPrefix = LTRI.client().generate(whole);
    assertThat(byPrefix.figures().documentId()).isEqualTo(created.document().id());
    assertThat(byPrefix.figures().reusedTokens()).isEqualTo(created.document().tokens());
    assertThat(byPrefix.tokenIds()).isEqualTo(byHandle.tokenIds());
    Answer anew =
        LTRI.client()
            .generate(
                Question.builder().messages(whole.messages()).maxTokens(12).reuse(false).build());
    assertThat(anew.figures().reusedTokens()).isZero();
  }

  @Test
  void aDocumentShorterThanTheWindowIsAnswered() throws InterruptedException {
    CreatedDocument created = read("the lamp");
    assertThat(created.document().spans()).isZero();
    Answer answer = LTRI.client().generate(question(created.document().id()).build());
    assertThat(answer.figures().generatedTokens()).isPositive();
    assertThat(answer.figures().lookups()).isZero();
  }

  @Test
  void aQuestionLongerThanEverythingResidentIsReadInChunks() throws InterruptedException {
    CreatedDocument created = read(text(300, 5));
    Answer answer =
        LTRI.client()
            .generate(
                Question.builder()
                    .documentId(created.document().id())
                    .message(Message.user(text(1500, 6)))
                    .maxTokens(4)
                    .build());
    assertThat(answer.figures().promptTokens() - answer.figures().reusedTokens())
        .isGreaterThan(1500);
    assertThat(answer.figures().generatedTokens()).isPositive();
  }

  @Test
  void samplingWithASeedCanBeRepeated() throws InterruptedException {
    CreatedDocument created = read(text(300, 7));
    Sampling hot = new Sampling(1.5f, 0.95f, 50, 42);
    Answer first = LTRI.client().generate(question(created.document().id()).sampling(hot).build());
    Answer second = LTRI.client().generate(question(created.document().id()).sampling(hot).build());
    Answer other =
        LTRI.client()
            .generate(
                question(created.document().id())
                    .sampling(new Sampling(1.5f, 0.95f, 50, 43))
                    .build());
    assertThat(second.tokenIds()).isEqualTo(first.tokenIds());
    assertThat(other.tokenIds()).isNotEqualTo(first.tokenIds());
    assertThat(first.figures().seed()).isEqualTo(42);
  }

  @Test
  void answersEndAtTheMostTokensAtAStopTextAndAtTheDeadline() throws InterruptedException {
    CreatedDocument created = read(text(300, 8));
    Answer cut = LTRI.client().generate(question(created.document().id()).maxTokens(3).build());
    assertThat(cut.figures().generatedTokens()).isEqualTo(3);
    assertThat(cut.figures().finishReason()).isEqualTo(FinishReason.LENGTH);

    Answer whole = LTRI.client().generate(question(created.document().id()).maxTokens(40).build());
    String stop = whole.text().substring(3, 5);
    Answer stopped =
        LTRI.client()
            .generate(question(created.document().id()).maxTokens(40).stop(List.of(stop)).build());
    assertThat(stopped.figures().finishReason()).isEqualTo(FinishReason.STOP);
    assertThat(stopped.text()).isEqualTo(whole.text().substring(0, whole.text().indexOf(stop)));

    Answer late =
        LTRI.client()
            .generate(
                question(created.document().id())
                    .maxTokens(1024)
                    .deadline(Duration.ofMillis(1))
                    .build());
    assertThat(late.figures().finishReason()).isEqualTo(FinishReason.DEADLINE);
  }

  @Test
  void cancellingFreesTheWork() throws InterruptedException {
    CreatedDocument created = read(text(300, 9));
    Generator generator = LTRI.inferenceBean(Generator.class);
    AnswerStream stream =
        LTRI.client().stream(question(created.document().id()).maxTokens(1024).build());
    assertThat(stream.next()).isNotNull();
    stream.close();
    for (int i = 0; i < 200 && generator.running() > 0; i++) {
      Thread.sleep(50);
    }
    assertThat(generator.running()).isZero();
  }

  @Test
  void aCancelledReadingLeavesNothingBehind() throws InterruptedException {
    int before = LTRI.client().documents().size();
    Reading[] reading = new Reading[1];
    CountDownLatch assigned = new CountDownLatch(1);
    reading[0] =
        LTRI.client()
            .startReading(
                NewDocument.of("a long text", text(200_000, 10)),
                progress -> {
                  try {
                    assigned.await();
                  } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                  reading[0].cancel();
                });
    assigned.countDown();
    assertThatThrownBy(() -> reading[0].await()).isInstanceOf(LtriException.class);
    assertThat(LTRI.client().documents()).hasSize(before);
    // The client hears of its cancelling at once, the service after the chunk at hand.
    Path received = LTRI.data().resolve("received");
    for (int i = 0; i < 200 && (building() > 0 || received.toFile().list().length > 0); i++) {
      Thread.sleep(50);
    }
    assertThat(building()).isZero();
    assertThat(received).isEmptyDirectory();
  }

  /** Documents in the index that are not sealed. */
  private static long building() {
    ManagedChannel channel =
        ManagedChannelBuilder.forTarget(LTRI.indexAddress()).usePlaintext().build();
    try {
      return SpanIndexGrpc.newBlockingStub(channel)
          .listDocuments(ListDocumentsRequest.newBuilder().setIncludeBuilding(true).build())
          .getDocumentsList()
          .stream()
          .filter(document -> document.getState() != DocumentState.DOCUMENT_STATE_READY)
          .count();
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void badInputIsRefusedInWordsAndNothingIsLost() throws InterruptedException {
    int before = LTRI.client().documents().size();
    LtriException empty = failure(() -> read(""));
    assertThat(empty.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(empty).hasMessageContaining("the document is empty");
    assertThat(failure(() -> read(" \n\t "))).hasMessageContaining("nothing but white space");
    byte[] binary = {'M', 'Z', 0, 1, 2, 3};
    assertThat(
            failure(
                () ->
                    LTRI.client()
                        .createDocument(
                            NewDocument.of("program", new ByteArrayInputStream(binary)))))
        .hasMessageContaining("byte 2")
        .hasMessageContaining("binary");
    byte[] latin1 = "un caf\u00e9 noir".getBytes(StandardCharsets.ISO_8859_1);
    assertThat(
            failure(
                () ->
                    LTRI.client()
                        .createDocument(NewDocument.of("latin", new ByteArrayInputStream(latin1)))))
        .hasMessageContaining("not UTF-8")
        .hasMessageContaining("byte 7");
    LtriException unknown = failure(() -> LTRI.client().generate(question("nowhere").build()));
    assertThat(unknown.code()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(unknown).hasMessageContaining("nowhere");
    assertThat(failure(() -> LTRI.client().delete("nowhere")).code())
        .isEqualTo(Status.Code.NOT_FOUND);
    assertThat(
            failure(
                () ->
                    LTRI.client()
                        .generate(
                            Question.builder()
                                .message(Message.user("x"))
                                .budgetTokens(4096)
                                .build())))
        .hasMessageContaining("trained for 512 tokens");
    assertThat(
            failure(
                () ->
                    LTRI.client()
                        .generate(
                            Question.builder()
                                .message(Message.user("x"))
                                .sampling(new Sampling(-1, 0, 0, 1))
                                .build())))
        .hasMessageContaining("temperature");
    assertThat(LTRI.client().documents()).hasSize(before);
    assertThat(read(text(100, 11)).document().tokens()).isPositive();
  }

  @Test
  void aDeletedDocumentIsGone() throws InterruptedException {
    String id = read(text(300, 12)).document().id();
    assertThat(LTRI.client().delete(id)).isPositive();
    assertThat(failure(() -> LTRI.client().generate(question(id).build())).code())
        .isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void anIndexThatDiesInTheMiddleOfAnAnswerIsCountedAndDoesNotHang() throws InterruptedException {
    CreatedDocument created = read(text(600, 13));
    try (AnswerStream stream =
        LTRI.client().stream(question(created.document().id()).maxTokens(200).build())) {
      assertThat(stream.next()).isNotNull();
      LTRI.stopIndex();
      Answer answer = stream.collect();
      assertThat(answer.figures().lookupsMissed()).isPositive();
      assertThat(answer.figures().firstMiss()).isNotEmpty();
    } finally {
      LTRI.restart();
    }
    Answer after = LTRI.client().generate(question(created.document().id()).build());
    assertThat(after.figures().lookupsMissed()).isZero();
  }
}
