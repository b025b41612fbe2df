package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.client.Answer;
import io.ltri.client.CreatedDocument;
import io.ltri.client.Document;
import io.ltri.client.LtriClient;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import io.ltri.client.Reading;
import io.ltri.client.ReadingProgress;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A document gives the same tokens however it came to be open: read just now, reopened, after a
 * restart of both services, exported and imported elsewhere, from a reading that was cut off, and
 * among strangers. Twenty questions each, none with a look-up missed.
 */
@Tag("slow")
class WarmEqualsColdTest {
  private static final int QUESTIONS = 20;
  private static final int CHECKPOINT_TOKENS = 256;

  private final LtriExtension here = TinyModel.services();
  private final LtriExtension elsewhere = TinyModel.services();

  @AfterEach
  void stop() {
    here.afterAll(null);
    elsewhere.afterAll(null);
  }

  @ParameterizedTest
  @CsvSource({"ltri,bf16,1000000", "ltri,fp32,1", "uniform,fp32,1000000", "uniform,bf16,1"})
  void greedyTokensAreTheSame(String policy, String storage, int graphFromVectors)
      throws InterruptedException, IOException {
    for (LtriExtension services : List.of(here, elsewhere)) {
      services
          .with("ltri.inference.policy", policy)
          .with("ltri.inference.storage", storage)
          .with("ltri.inference.checkpoint-tokens", CHECKPOINT_TOKENS)
          .with("ltri.index.graph-from-vectors", graphFromVectors)
          .start();
    }
    String text = TinyModel.text(1500, 41);
    CreatedDocument created = here.client().createDocument(NewDocument.of("a text", text));
    Document document = created.document();
    assertThat(document.searchMode()).isEqualTo(graphFromVectors == 1 ? "graph" : "scan");
    List<List<Integer>> first = answers(here.client(), document.id());

    assertThat(answers(here.client(), document.id())).as("reopened").isEqualTo(first);
    here.restart();
    assertThat(answers(here.client(), document.id())).as("after a restart").isEqualTo(first);

    ByteArrayOutputStream file = new ByteArrayOutputStream();
    here.client().export(document.id(), file);
    Document imported =
        elsewhere.client().importDocument(new ByteArrayInputStream(file.toByteArray()), "");
    assertThat(imported.digest()).isEqualTo(document.digest());
    assertThat(answers(elsewhere.client(), imported.id())).as("imported").isEqualTo(first);

    long freed = here.client().delete(document.id());
    assertThat(freed).isPositive();
    cutOff(here.client(), text);
    here.restart();
    CreatedDocument resumed = here.client().createDocument(NewDocument.of("a text", text));
    assertThat(resumed.read()).isTrue();
    assertThat(resumed.reusedTokens()).as("tokens of the reading that was cut off").isPositive();
    assertThat(resumed.document().digest()).isEqualTo(document.digest());
    assertThat(resumed.document().spans()).isEqualTo(document.spans());
    assertThat(answers(here.client(), resumed.document().id())).as("resumed").isEqualTo(first);
    assertThat(amongStrangers(resumed.document().id())).as("among strangers").isEqualTo(first);
  }

  private static List<List<Integer>> answers(LtriClient client, String documentId) {
    List<List<Integer>> answers = new ArrayList<>();
    for (int i = 0; i < QUESTIONS; i++) {
      answers.add(answer(client, documentId, i));
    }
    return answers;
  }

  private static List<Integer> answer(LtriClient client, String documentId, int i) {
    Question question = TinyModel.question(documentId, TinyModel.text(3 + i, 100 + i)).build();
    Answer answer = client.generate(question);
    assertThat(answer.figures().lookupsMissed()).isZero();
    assertThat(answer.figures().lookups()).isPositive();
    return answer.tokenIds();
  }

  private List<List<Integer>> amongStrangers(String documentId) throws InterruptedException {
    CompletableFuture<List<List<Integer>>> answers = new CompletableFuture<>();
    Thread strangers =
        Thread.ofVirtual()
            .start(
                () -> {
                  for (int i = 0; !answers.isDone(); i++) {
                    Answer unused =
                        here.client()
                            .generate(
                                TinyModel.question("", TinyModel.text(200, 1000 + i)).build());
                  }
                });
    answers.complete(answers(here.client(), documentId));
    strangers.join();
    return answers.join();
  }

  /** Ends a reading after some checkpoints. */
  private static void cutOff(LtriClient client, String text) throws InterruptedException {
    CountDownLatch far = new CountDownLatch(1);
    Reading reading =
        client.startReading(
            NewDocument.of("a text", text),
            (ReadingProgress progress) -> {
              if (progress.tokens() > 3 * CHECKPOINT_TOKENS) {
                far.countDown();
              }
            });
    far.await();
    reading.cancel();
  }
}
