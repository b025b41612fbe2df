package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Status;
import io.ltri.client.Answer;
import io.ltri.client.AnswerEvent;
import io.ltri.client.AnswerFigures;
import io.ltri.client.AnswerStream;
import io.ltri.client.AnswerText;
import io.ltri.client.LtriException;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Answers over a real index process, seen over a slow path, frozen, and killed. The times that are
 * printed are those of docs/faults.md.
 */
@Timeout(300)
@Tag("slow")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SlowIndexTest {
  private static final int TOKENS = 24;
  private static final Duration STEP = Duration.ofSeconds(3);

  private static IndexProcess index;
  private static SlowPath path;
  private static LtriExtension ltri;
  private static String document;
  private static List<Integer> expected;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    index = new IndexProcess();
    path = new SlowPath(index.address());
    ltri =
        LtriExtension.withModel(
                Path.of("../inference-service/src/test/resources/models/tiny-llama"))
            .withIndexAt(path::address)
            .with("ltri.inference.precision", "fp32")
            .with("ltri.inference.threads", 1)
            .with("ltri.inference.sink-tokens", 8)
            .with("ltri.inference.window-tokens", 48)
            .with("ltri.inference.chunk-tokens", 32)
            .with("ltri.inference.reading-budget-tokens", 64)
            .with("ltri.inference.budget-tokens", 64)
            .with("ltri.inference.span-shortest", 4)
            .with("ltri.inference.span-longest", 16)
            .with("ltri.inference.lookup-deadline", STEP.toMillis() + "ms")
            .with("ltri.inference.index-deadline", "2s")
            .with("ltri.inference.index-retry", "100ms")
            .with("ltri.inference.block-cache", "1KB");
    ltri.start();
    document = read(250, 1);
    Answer warm = ltri.client().generate(question().build());
    expected = ltri.client().generate(question().build()).tokenIds();
    assertThat(expected).hasSize(TOKENS).isEqualTo(warm.tokenIds());
  }

  @AfterAll
  static void stop() throws IOException, InterruptedException {
    ltri.afterAll(null);
    path.close();
    index.close();
  }

  @BeforeEach
  void everythingIsWell() throws InterruptedException {
    path.delay(Duration.ZERO);
    awaitIndex();
  }

  private static String read(int words, long seed) throws InterruptedException {
    List<String> vocabulary =
        List.of("the", "lamp", "keeper", "wrote", "again", "of", "ships", "and", "weather", "sea");
    String text =
        new Random(seed)
            .ints(words, 0, vocabulary.size())
            .mapToObj(vocabulary::get)
            .collect(Collectors.joining(" "));
    return ltri.client().createDocument(NewDocument.of("a text", text)).document().id();
  }

  private static Question.Builder question() {
    return Question.builder()
        .documentId(document)
        .message(Message.user("what did the keeper write?"))
        .maxTokens(TOKENS);
  }

  private static void awaitIndex() throws InterruptedException {
    while (!ltri.client().server().indexState().equals("SERVING")) {
      Thread.sleep(50);
    }
  }

  private interface Fault {
    void begin() throws IOException, InterruptedException;
  }

  private record Watched(List<Integer> tokens, AnswerFigures figures, long longestMillis) {}

  /** Answers, with a fault after the third token. */
  private static Watched answer(String mode, String what, Fault fault)
      throws IOException, InterruptedException {
    List<Integer> tokens = new ArrayList<>();
    long longest = 0;
    long last = 0;
    AnswerFigures figures = null;
    try (AnswerStream stream = ltri.client().stream(question().onIndexFailure(mode).build())) {
      while (stream.hasNext()) {
        AnswerEvent event = stream.next();
        long now = System.nanoTime();
        if (tokens.size() >= 3 && last > 0) {
          longest = Math.max(longest, now - last);
        }
        switch (event) {
          case AnswerText piece -> tokens.addAll(piece.tokenIds());
          case AnswerFigures end -> figures = end;
        }
        if (last >= 0 && tokens.size() == 3) {
          fault.begin();
        }
        last = System.nanoTime();
      }
    }
    assertThat(figures).isNotNull();
    System.out.printf(
        Locale.ROOT,
        "%s, %s: %d tokens, %d of %d look-ups missed, longest wait for a token %d ms (bound: %d ms of waiting and the computing)%n",
        what,
        mode,
        tokens.size(),
        figures.lookupsMissed(),
        figures.lookups(),
        longest / 1_000_000,
        STEP.toMillis());
    return new Watched(tokens, figures, longest / 1_000_000);
  }

  @Order(1)
  @ParameterizedTest
  @ValueSource(longs = {1, 100})
  void aSlowPathWithinTheDeadlineChangesNothingInTheAnswer(long millis) throws Exception {
    Watched watched =
        answer("degrade", millis + " ms of latency", () -> path.delay(Duration.ofMillis(millis)));
    assertThat(watched.tokens()).isEqualTo(expected);
    assertThat(watched.figures().lookupsMissed()).isZero();
  }

  @Order(2)
  @Test
  void aPathThatIsTooSlowIsCountedAndSoonNotWaitedFor() throws Exception {
    Watched watched =
        answer("degrade", "10,000 ms of latency", () -> path.delay(Duration.ofMillis(10_000)));
    assertDegraded(watched);
    path.delay(Duration.ZERO);
    recovered();
  }

  @Order(3)
  @Test
  void aFrozenIndexIsCountedAndSoonNotWaitedForAndComesBackByItself() throws Exception {
    Watched watched = answer("degrade", "frozen", index::freeze);
    assertDegraded(watched);
    // A question that needs no document is answered while the index is frozen.
    Answer without =
        ltri.client()
            .generate(
                Question.builder()
                    .message(Message.user("what is a lamp?"))
                    .policy("full")
                    .onIndexFailure("fail")
                    .maxTokens(4)
                    .build());
    assertThat(without.tokenIds()).hasSize(4);
    assertThat(without.figures().reuseMissed()).contains("has failed lately");
    index.thaw();
    recovered();
  }

  @Order(4)
  @Test
  void aFrozenIndexEndsAnAnswerThatMayFail() throws Exception {
    LtriException failure =
        catchThrowableOfType(LtriException.class, () -> answer("fail", "frozen", index::freeze));
    index.thaw();
    assertThat(failure.code()).isIn(Status.Code.DEADLINE_EXCEEDED, Status.Code.UNAVAILABLE);
    recovered();
  }

  @Order(5)
  @Test
  void aTextThatIsTooLongToBeComputedAgainSaysSo() throws Exception {
    LtriException failure =
        catchThrowableOfType(
            LtriException.class, () -> answer("recompute", "frozen", index::freeze));
    index.thaw();
    assertThat(failure).hasMessageContaining("the model was trained for 512");
    recovered();
  }

  @Order(6)
  @Test
  void aKilledIndexIsFoundAgainWhenItIsStartedAnew() throws Exception {
    Watched watched = answer("degrade", "killed and started anew", index::killAndRestart);
    assertThat(watched.tokens()).hasSize(TOKENS);
    recovered();
  }

  @Order(7)
  @Test
  void aShortTextIsComputedAgainWhenTheIndexFreezes() throws Exception {
    document = read(60, 2);
    Watched watched = answer("recompute", "frozen", index::freeze);
    index.thaw();
    assertThat(watched.tokens()).hasSize(TOKENS);
    assertThat(watched.figures().recomputedTokens())
        .isEqualTo(watched.figures().promptTokens() + 3);
    awaitIndex();
    expected = ltri.client().generate(question().build()).tokenIds();
    recovered();
  }

  private static void assertDegraded(Watched watched) {
    assertThat(watched.tokens()).hasSize(TOKENS);
    assertThat(watched.tokens().subList(0, 3)).isEqualTo(expected.subList(0, 3));
    AnswerFigures figures = watched.figures();
    assertThat(figures.lookupsMissed()).isPositive();
    assertThat(figures.firstMiss()).isNotEmpty();
  }

  /**
   * The next answer after the index is back is as if nothing had been, and nothing is left over.
   */
  private static void recovered() throws IOException, InterruptedException {
    awaitIndex();
    Answer after = ltri.client().generate(question().build());
    assertThat(after.figures().lookupsMissed()).as(after.figures().firstMiss()).isZero();
    assertThat(after.tokenIds()).isEqualTo(expected);
    while (index.unsealed() > 0) {
      Thread.sleep(50);
    }
  }
}
