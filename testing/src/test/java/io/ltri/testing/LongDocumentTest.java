package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.client.Answer;
import io.ltri.client.CreatedDocument;
import io.ltri.client.LtriClient;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The main job: the example document, more than twice as long as the default model was trained for.
 */
@Tag("slow")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LongDocumentTest {
  private static final String QUESTION = "What is the weight of the church bell of Greywick?";

  @TempDir static Path folder;

  private static LtriExtension ltri;
  private static CreatedDocument created;
  private static Answer first;
  private static final List<Long> progress = new ArrayList<>();

  @BeforeAll
  static void readOnce() throws InterruptedException {
    ltri = LtriExtension.withModel(DefaultModel.path()).in(folder.resolve("here"));
    ltri.start();
    created =
        ltri.client()
            .createDocument(
                NewDocument.of(DefaultModel.example()), read -> progress.add(read.textBytes()));
    first = ask(ltri.client());
  }

  @AfterAll
  static void stop() {
    if (ltri != null) {
      ltri.stop();
    }
  }

  private static Answer ask(LtriClient client) {
    return client.generate(
        Question.builder()
            .documentId(created.document().id())
            .message(Message.user(QUESTION))
            .maxTokens(40)
            .build());
  }

  @Test
  @Order(1)
  void theAnswerOutOfALongDocumentIsRight() throws IOException {
    assertThat(created.document().tokens()).isGreaterThan(20_000);
    assertThat(created.document().textBytes()).isEqualTo(Files.size(DefaultModel.example()));
    assertThat(progress).isSorted().last().isEqualTo(created.document().textBytes());
    assertThat(first.text()).contains("1740");
    assertThat(first.figures().reusedTokens()).isEqualTo(created.document().tokens());
    assertThat(first.figures().spansFetched()).isPositive();
    assertThat(first.figures().lookupsMissed()).isZero();
  }

  @Test
  @Order(2)
  void theSameQuestionAgainRecomputesNothingAndGivesTheSameTokens() {
    Answer again = ask(ltri.client());
    assertThat(again.tokenIds()).isEqualTo(first.tokenIds());
    assertThat(again.figures().reusedTokens()).isEqualTo(created.document().tokens());
    assertThat(again.figures().lookupsMissed()).isZero();
  }

  @Test
  @Order(3)
  void afterARestartOfBothServicesTheTokensAreTheSame() {
    ltri.restart();
    Answer again = ask(ltri.client());
    assertThat(again.tokenIds()).isEqualTo(first.tokenIds());
    assertThat(again.figures().reusedTokens()).isEqualTo(created.document().tokens());
  }

  @Test
  @Order(4)
  void afterTheDataFolderHasMovedTheTokensAreTheSame() throws IOException {
    ltri.stop();
    Path there = DefaultModel.exampleRead();
    if (Files.exists(there)) {
      there = folder.resolve("there");
    }
    Files.move(folder.resolve("here"), there);
    ltri.in(there).start();
    Answer again = ask(ltri.client());
    assertThat(again.tokenIds()).isEqualTo(first.tokenIds());
    assertThat(again.figures().lookupsMissed()).isZero();
  }

  @Test
  @Order(5)
  void aLongQuestionIsReadInChunks() throws IOException {
    String text = Files.readString(DefaultModel.example());
    Answer answer =
        ltri.client()
            .generate(
                Question.builder()
                    .documentId(created.document().id())
                    .message(
                        Message.user(
                            "Another chronicle says:\n"
                                + text.substring(0, 24_000)
                                + "\n\n"
                                + QUESTION))
                    .maxTokens(4)
                    .build());
    assertThat(answer.figures().promptTokens() - answer.figures().reusedTokens())
        .isGreaterThan(5_000);
    assertThat(answer.figures().generatedTokens()).isPositive();
    assertThat(answer.figures().lookupsMissed()).isZero();
  }
}
