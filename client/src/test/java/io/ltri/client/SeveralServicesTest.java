package io.ltri.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.ltri.proto.inference.v1.GenerateRequest;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Services that do the same, one of which dies while it is asked. */
@Timeout(60)
class SeveralServicesTest {
  private static final Duration LONG = Duration.ofSeconds(40);

  private final FakeInference dying = FakeInference.listening();
  private final FakeInference sound = FakeInference.listening();
  private final LtriClient client =
      LtriClient.builder().address(dying.address() + ", " + sound.address()).patience(LONG).build();

  @AfterEach
  void close() {
    client.close();
    dying.mayDie.countDown();
    dying.close();
    sound.close();
  }

  /** The text of an answer; the service may die once so much of it has come. */
  private String ask(String question, int lettersBefore) {
    StringBuilder text = new StringBuilder();
    try (AnswerStream answer =
        client.stream(
            Question.builder()
                .message(Message.user(question))
                .sampling(new Sampling(1, 0, 0, 0))
                .deadline(LONG)
                .build())) {
      while (answer.hasNext()) {
        switch (answer.next()) {
          case AnswerText piece -> text.append(piece.text());
          case AnswerFigures figures -> text.append('.');
        }
        if (text.length() == lettersBefore) {
          dying.mayDie.countDown();
        }
      }
    }
    return text.toString();
  }

  /** In turn, so one of the first questions meets the one that dies. */
  private void askUntilOneDied(String question, String answer, int lettersBefore) {
    while (dying.questions.isEmpty()) {
      assertThat(ask(question, lettersBefore)).isEqualTo(answer);
    }
    assertThat(dying.mayDie.getCount()).isZero();
  }

  @Test
  void anAnswerGoesOnElsewhereAfterTheTokensThatCame() {
    dying.diesAfter = 4;
    askUntilOneDied("what is it", "ti si tahw.", 4);
    GenerateRequest first = dying.questions.getFirst();
    GenerateRequest second = sound.questions.getLast();
    assertThat(second.getBegunTokenIdsList()).isEqualTo(List.of(0, 1, 2, 3));
    assertThat(second.getSampling().getSeed()).isEqualTo(first.getSampling().getSeed()).isNotZero();
    assertThat(second.getDeadlineMillis()).isBetween(1L, first.getDeadlineMillis());
    assertThat(second.getMessagesList()).isEqualTo(first.getMessagesList());
  }

  @Test
  void textAfterTheLastTokenComesOnce() {
    dying.diesAfter = FakeInference.LATE.length() + 1;
    askUntilOneDied(FakeInference.LATE, "etal!.", FakeInference.LATE.length() + 1);
    assertThat(sound.questions.getLast().getBegunTokenIdsCount())
        .isEqualTo(FakeInference.LATE.length());
  }

  @Test
  void aReadingIsMadeAgainWhereItsTextCanBeReadAgain() throws Exception {
    dying.mayDie.countDown();
    dying.diesAfter = 200_000;
    String text = "x".repeat(400_000);
    while (dying.headers.isEmpty()) {
      String id = client.createDocument(NewDocument.of("again", text)).document().id();
      assertThat(sound.texts.get(id)).isEqualTo(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  @Test
  void aStreamIsNotReadTwice() throws Exception {
    dying.mayDie.countDown();
    dying.diesAfter = 200_000;
    while (true) {
      byte[] text = "x".repeat(400_000).getBytes(StandardCharsets.UTF_8);
      try {
        client.createDocument(NewDocument.of("once", new ByteArrayInputStream(text)));
      } catch (LtriException e) {
        assertThat(e.code()).isIn(Status.Code.UNAVAILABLE, Status.Code.CANCELLED);
        break;
      }
      assertThat(dying.headers).isEmpty();
    }
  }

  @Test
  void whoeverIsAwayIsLeftOutAndImpatienceSaysThatNobodyIsThere() {
    dying.mayDie.countDown();
    dying.close();
    for (int i = 0; i < 5; i++) {
      assertThat(client.documents()).isEmpty();
      assertThat(ask("yes", 0)).isEqualTo("sey.");
    }
    sound.close();
    try (LtriClient impatient =
        LtriClient.builder()
            .address(dying.address() + "," + sound.address())
            .patience(Duration.ZERO)
            .build()) {
      assertThatThrownBy(impatient::documents)
          .isInstanceOfSatisfying(
              LtriException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.UNAVAILABLE))
          .hasMessageContaining(dying.address());
    }
  }

  @Test
  void everyAddressOfAListIsChecked() {
    assertThatThrownBy(() -> LtriClient.connect("localhost:1,nothing"))
        .isInstanceOfSatisfying(
            LtriException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.INVALID_ARGUMENT))
        .hasMessageContaining("'nothing'");
  }
}
