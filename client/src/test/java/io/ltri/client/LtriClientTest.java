package io.ltri.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class LtriClientTest {
  private final FakeInference service = new FakeInference();
  private final LtriClient client = service.client();

  @AfterEach
  void close() {
    client.close();
    service.close();
  }

  @Test
  void textOfAnySizeArrivesWholeAndInOrder() throws Exception {
    byte[] text = new byte[5_000_017];
    new Random(7).nextBytes(text);
    for (int i = 0; i < text.length; i++) {
      text[i] = (byte) ('a' + (text[i] & 15));
    }
    List<ReadingProgress> progress = Collections.synchronizedList(new ArrayList<>());
    CreatedDocument created =
        client.createDocument(
            NewDocument.of("book", new ByteArrayInputStream(text)).withSystem("be brief"),
            progress::add);
    assertThat(service.texts.get(created.document().id())).isEqualTo(text);
    assertThat(created.read()).isTrue();
    assertThat(progress).hasSizeGreaterThan(10);
    assertThat(progress.getLast().textBytes()).isEqualTo(text.length);
    assertThat(service.headers.getFirst().getTitle()).isEqualTo("book");
    assertThat(service.headers.getFirst().getSystem()).isEqualTo("be brief");
  }

  @Test
  void fileIsTitledByItsNameAndItsSizeIsAnnounced(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("notes.txt"), "some text ✓");
    client.createDocument(NewDocument.of(file).withFresh(true));
    assertThat(service.headers.getFirst().getTitle()).isEqualTo("notes.txt");
    assertThat(service.headers.getFirst().getSizeBytes()).isEqualTo(13);
    assertThat(service.headers.getFirst().getFresh()).isTrue();
    assertThat(service.texts.get("doc1")).isEqualTo("some text ✓".getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void cancelledReadingReachesTheServiceAndLeavesNothing() throws Exception {
    Reading reading =
        client.startReading(NewDocument.of("t", FakeInference.ENDLESS), progress -> {});
    service.begun.await();
    reading.cancel();
    assertThatThrownBy(reading::await)
        .isInstanceOfSatisfying(
            LtriException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.CANCELLED));
    assertThat(service.sawCancellation()).isTrue();
    assertThat(service.texts).isEmpty();
  }

  @Test
  void failureWhileReadingTheSourceCancelsTheCallAndSaysWhy() throws Exception {
    InputStream broken =
        new InputStream() {
          private int left = 100_000;

          @Override
          public int read() throws IOException {
            if (left-- <= 0) {
              throw new IOException("disk on fire");
            }
            return 'x';
          }
        };
    assertThatThrownBy(() -> client.createDocument(NewDocument.of("broken.txt", broken)))
        .isInstanceOf(LtriException.class)
        .hasMessageContaining("broken.txt")
        .hasMessageContaining("disk on fire");
    assertThat(service.sawCancellation()).isTrue();
    assertThat(service.texts).isEmpty();
  }

  @Test
  void failingListenerEndsTheCallInsteadOfHanging() {
    assertThatThrownBy(
            () ->
                client.createDocument(
                    NewDocument.of("t", "text"),
                    progress -> {
                      throw new IllegalStateException("listener broke");
                    }))
        .isInstanceOf(LtriException.class)
        .hasMessageContaining("listener broke");
  }

  @Test
  void refusedTextCarriesTheServicesOwnWords() {
    assertThatThrownBy(() -> client.createDocument(NewDocument.of("t", "a" + FakeInference.BAD)))
        .isInstanceOfSatisfying(
            LtriException.class,
            e -> {
              assertThat(e.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
              assertThat(e).hasMessage("binary data at byte 0");
            });
  }

  @Test
  void answerHasTextTokensAndFigures() {
    Answer answer = client.generate(Question.of("abc"));
    assertThat(answer.text()).isEqualTo("cba");
    assertThat(answer.tokenIds()).containsExactly(0, 1, 2);
    assertThat(answer.figures().reusedTokens()).isEqualTo(20_096);
    assertThat(answer.figures().finishReason()).isEqualTo(AnswerFigures.FinishReason.STOP);
    assertThat(answer.figures().tokensPerSecond()).isEqualTo(10.0);
  }

  @Test
  void everyPartOfAQuestionTravels() {
    client.generate(
        Question.builder()
            .message(Message.system("s"))
            .message(Message.user("q"))
            .sampling(new Sampling(0.5f, 0.9f, 40, 99))
            .maxTokens(12)
            .stop(List.of("\n"))
            .policy("full")
            .budgetTokens(512)
            .logProbabilities(true)
            .reuse(false)
            .deadline(java.time.Duration.ofSeconds(3))
            .build());
    var request = service.questions.getFirst();
    assertThat(request.getMessagesList())
        .extracting(m -> m.getRole() + ":" + m.getContent())
        .containsExactly("system:s", "user:q");
    assertThat(request.getSampling().getTemperature()).isEqualTo(0.5f);
    assertThat(request.getSampling().getTopP()).isEqualTo(0.9f);
    assertThat(request.getSampling().getTopK()).isEqualTo(40);
    assertThat(request.getSampling().getSeed()).isEqualTo(99);
    assertThat(request.getMaxTokens()).isEqualTo(12);
    assertThat(request.getStopList()).containsExactly("\n");
    assertThat(request.getPolicy()).isEqualTo("full");
    assertThat(request.getBudgetTokens()).isEqualTo(512);
    assertThat(request.getLogProbabilities()).isTrue();
    assertThat(request.getNoReuse()).isTrue();
    assertThat(request.getDeadlineMillis()).isEqualTo(3000);
  }

  @Test
  void closedAnswerStopsTheWorkInTheService() throws Exception {
    AnswerStream stream = client.stream(Question.of(FakeInference.ENDLESS));
    assertThat(stream.next()).isInstanceOf(AnswerText.class);
    stream.close();
    assertThat(service.sawCancellation()).isTrue();
    assertThatThrownBy(stream::collect)
        .isInstanceOfSatisfying(
            LtriException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.CANCELLED));
  }

  @Test
  void documentsAreListedShownAndDeleted() throws Exception {
    String id = client.createDocument(NewDocument.of("t", "12345678")).document().id();
    assertThat(client.documents()).extracting(Document::id).containsExactly(id);
    assertThat(client.document(id).identity()).containsEntry("window", "512");
    assertThat(client.delete(id)).isEqualTo(800);
    assertThat(client.documents()).isEmpty();
    assertThatThrownBy(() -> client.document(id))
        .isInstanceOfSatisfying(
            LtriException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.NOT_FOUND));
  }

  @Test
  void serverTellsItsSettings() {
    assertThat(client.server().readingSettings()).containsEntry("window", "512");
    assertThat(client.server().trainedLength()).isEqualTo(8192);
  }

  @Test
  void absentServiceIsNamedByItsAddress() {
    try (LtriClient nobody = LtriClient.connect("127.0.0.1:1")) {
      assertThatThrownBy(nobody::server)
          .isInstanceOfSatisfying(
              LtriException.class,
              e -> {
                assertThat(e.code()).isEqualTo(Status.Code.UNAVAILABLE);
                assertThat(e).hasMessageContaining("127.0.0.1:1");
              });
    }
  }

  @Test
  void wrongAddressIsRefusedAtOnce() {
    assertThatThrownBy(() -> LtriClient.connect("localhost"))
        .isInstanceOf(LtriException.class)
        .hasMessageContaining("HOST:PORT");
  }

  @Test
  void sourcesComeWithEachPieceAndWithTheFigures() throws Exception {
    String id = client.createDocument(NewDocument.of("t", "some text")).document().id();
    Question question =
        Question.builder().documentId(id).message(Message.user("ab")).sources(2).build();
    List<Source> perPiece = new ArrayList<>();
    List<Source> ofAnswer = new ArrayList<>();
    try (AnswerStream stream = client.stream(question)) {
      while (stream.hasNext()) {
        switch (stream.next()) {
          case AnswerText piece -> perPiece.addAll(piece.sources());
          case AnswerFigures figures -> {
            ofAnswer.addAll(figures.sources());
            assertThat(figures.documentAttention()).isEqualTo(0.2);
          }
        }
      }
    }
    assertThat(perPiece).extracting(Source::start).containsExactly(0L, 1L);
    assertThat(ofAnswer)
        .containsExactly(new Source(id, 1200, 1232, 0.42, 0.0312, 7, " in the\nledger "));
  }
}
