package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.TinyLlama;
import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.model.template.Message;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BruteForceIndex;
import io.ltri.inference.retrieval.IndexAdministration;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.tensor.StorageType;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Answers over an index that fails, as the request wants it to be dealt with. */
@Tag("slow")
@Timeout(60)
class GeneratorTest {
  private static final Duration SHORT = Duration.ofSeconds(1);
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final int TOKENS = 6;
  private static final int CHUNK = 16;
  private static ComputeThread compute;
  private static LanguageModel model;

  @TempDir Path folder;

  private final BruteForceIndex index = new BruteForceIndex();
  private final BlockCache cache = new BlockCache(1 << 20);
  private final ReadingSettings reading =
      new ReadingSettings(
          PolicyName.LTRI,
          4,
          24,
          CHUNK,
          40,
          8,
          8,
          new SpanSettings(2, 8, 1, 0, 4),
          StorageType.BF16);

  @BeforeAll
  static void loadTinyModel() {
    compute = new ComputeThread();
    model = compute.run(TinyLlama::model);
  }

  @AfterAll
  static void close() {
    compute.run(model::close);
    compute.close();
  }

  private record Answered(
      List<Integer> tokens, Generator.Figures figures, List<List<Source>> perStep) {}

  private Documents documents() {
    IndexAdministration unused =
        (IndexAdministration)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {IndexAdministration.class},
                (proxy, method, arguments) -> {
                  throw new UnsupportedOperationException(method.getName());
                });
    return new Documents(
        model,
        memories(),
        index,
        unused,
        cache,
        compute,
        reading,
        LONG,
        0,
        0,
        () -> io.ltri.inference.access.Caller.LOCAL,
        EngineMeters.NONE);
  }

  private Memories memories() {
    return new Memories(
        model.decoder(), index, cache, Runnable::run, model::sentenceEnds, model.trainedLength());
  }

  private String read(int words, PolicyName policy) {
    return read(words, policy, null);
  }

  /**
   * @param continues a document that the words follow, or null
   */
  private String read(int words, @Nullable PolicyName policy, @Nullable String continues) {
    List<String> vocabulary = List.of("the", "lamp", "keeper", "wrote", "of", "ships", "sea");
    String text =
        new Random(5)
            .ints(words, 0, vocabulary.size())
            .mapToObj(vocabulary::get)
            .collect(Collectors.joining(" "));
    try (ReceivedText received = new ReceivedTexts(folder).begin()) {
      received.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
      received.end();
      return documents()
          .create(
              new NewText(
                  received,
                  NewText.NO_PAGES,
                  "a text",
                  "",
                  policy,
                  true,
                  continues,
                  false,
                  "",
                  Duration.ZERO,
                  false,
                  0),
              progress -> {},
              () -> false)
          .document()
          .id();
    }
  }

  /** The document's own; a failure in the first chunk of the question adds that chunk. */
  private long tokens(String document) {
    return DocumentAttributes.of(index.get(document)).tokens();
  }

  private Answered ask(String documentId, OnIndexFailure mode) {
    return ask(documentId, null, mode, 1 << 30, () -> {});
  }

  private Answered ask(
      String documentId,
      PolicyName policy,
      OnIndexFailure mode,
      long recomputeBytes,
      Runnable afterFirstToken) {
    return ask(documentId, policy, mode, recomputeBytes, afterFirstToken, 0);
  }

  private Answered ask(
      String documentId,
      PolicyName policy,
      OnIndexFailure mode,
      long recomputeBytes,
      Runnable afterFirstToken,
      int sources) {
    return ask(
        new Generator.Request(
            documentId,
            List.of(new Message("user", "what did the keeper write?")),
            Sampling.GREEDY,
            TOKENS,
            List.of(),
            null,
            policy,
            0,
            false,
            true,
            "",
            Duration.ZERO,
            mode,
            sources),
        recomputeBytes,
        afterFirstToken);
  }

  private Answered ask(Generator.Request request, long recomputeBytes, Runnable afterFirstToken) {
    List<List<Source>> perStep = new ArrayList<>();
    List<Integer> tokens = new ArrayList<>();
    Generator.Figures figures =
        new Generator(
                model,
                memories(),
                documents(),
                index,
                compute,
                new Generator.Defaults(
                    new AnsweringSettings(40, SHORT, false),
                    64,
                    OnIndexFailure.DEGRADE,
                    recomputeBytes),
                EngineMeters.NONE)
            .generate(
                request,
                new Generator.Listener() {
                  @Override
                  public void attended(List<Source> sources) {
                    perStep.add(sources);
                  }

                  @Override
                  public void token(String text, int token, float logProbability) {
                    tokens.add(token);
                    if (tokens.size() == 1) {
                      afterFirstToken.run();
                    }
                  }

                  @Override
                  public void rest(String text) {}
                },
                () -> false);
    return new Answered(tokens, figures, perStep);
  }

  private static void assertReason(
      ThrowingCallable call, IndexException.Reason reason, String... words) {
    var thrown =
        assertThatThrownBy(call)
            .isInstanceOfSatisfying(
                IndexException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    for (String word : words) {
      thrown.hasMessageContaining(word);
    }
  }

  @Test
  void anAnswerThatIsComputedAgainIsThatOfFullAttention() {
    String whole = read(60, PolicyName.FULL);
    List<Integer> expected = ask(whole, OnIndexFailure.DEGRADE).tokens();
    String document = read(60, PolicyName.LTRI);
    index.failLookupsWith = "the index sleeps";
    Answered answer = ask(document, OnIndexFailure.RECOMPUTE);
    assertThat(answer.tokens()).isEqualTo(expected).hasSize(TOKENS);
    Generator.Figures figures = answer.figures();
    assertThat(figures.reusedTokens()).isPositive();
    assertThat(figures.recomputedTokens()).isEqualTo(tokens(document) + CHUNK);
    assertThat(figures.retrieval().firstMiss()).isEqualTo("the index sleeps");
    assertThat(figures.retrieval().lookupsMissed()).isEqualTo(1);
  }

  @Test
  void aChainOfVersionsIsComputedAgainFromTheTokensOfAllOfThem() {
    String whole = read(20, null, read(30, null, read(40, PolicyName.FULL)));
    List<Integer> expected = ask(whole, OnIndexFailure.DEGRADE).tokens();
    String first = read(40, PolicyName.LTRI);
    String second = read(30, null, first);
    String third = read(20, null, second);
    assertThat(index.get(third).ancestors()).containsExactly(first, second);
    index.failLookupsWith = "the index sleeps";
    Answered answer = ask(third, OnIndexFailure.RECOMPUTE);
    assertThat(answer.tokens()).isEqualTo(expected).hasSize(TOKENS);
    assertThat(tokens(third)).isGreaterThan(tokens(second)).isEqualTo(tokens(whole));
    assertThat(answer.figures().recomputedTokens()).isEqualTo(tokens(third) + CHUNK);
  }

  @Test
  void anAnswerThatWasBegunElsewhereGoesOnAsItWouldHave() {
    String document = read(60, PolicyName.LTRI);
    Sampling sampling = new Sampling(1.5, 0.95, 0, 0, 0.5, 0, 23);
    List<Integer> whole = continued(document, sampling, new int[0]).tokens();
    assertThat(whole).hasSize(TOKENS);
    for (int begun : new int[] {1, TOKENS / 2, TOKENS}) {
      int[] known = whole.stream().limit(begun).mapToInt(Integer::intValue).toArray();
      Answered rest = continued(document, sampling, known);
      assertThat(rest.tokens()).isEqualTo(whole.subList(begun, TOKENS));
      assertThat(rest.figures().generatedTokens()).isEqualTo(TOKENS);
    }
    // What it has is its own, even where this service would have said something else.
    int other = whole.getFirst() == 7 ? 8 : 7;
    assertThat(continued(document, sampling, new int[] {other}).tokens()).hasSize(TOKENS - 1);
    for (int[] impossible : new int[][] {new int[TOKENS + 1], {-1}, {Integer.MAX_VALUE}}) {
      assertThatThrownBy(() -> continued(document, sampling, impossible))
          .isInstanceOfSatisfying(
              RequestException.class,
              e -> assertThat(e.reason()).isEqualTo(RequestException.Reason.BAD_INPUT));
    }
  }

  private Answered continued(String documentId, Sampling sampling, int[] begun) {
    return ask(
        new Generator.Request(
            documentId,
            List.of(new Message("user", "what did the keeper write?")),
            null,
            sampling,
            TOKENS,
            List.of(),
            null,
            PolicyName.LTRI,
            0,
            false,
            0,
            0,
            true,
            "",
            Duration.ZERO,
            OnIndexFailure.FAIL,
            0,
            begun),
        1 << 30,
        () -> {});
  }

  @Test
  void anIndexThatFailsInTheMiddleOfAnAnswerIsComputedAgainUpToThere() {
    String document = read(60, PolicyName.LTRI);
    List<Integer> unbroken = ask(document, OnIndexFailure.RECOMPUTE).tokens();
    Answered answer =
        ask(
            document,
            null,
            OnIndexFailure.RECOMPUTE,
            1 << 30,
            () -> index.failLookupsWith = "the index sleeps");
    assertThat(answer.tokens()).hasSize(TOKENS);
    assertThat(answer.tokens().getFirst()).isEqualTo(unbroken.getFirst());
    assertThat(answer.figures().recomputedTokens()).isEqualTo(answer.figures().promptTokens() + 1);
  }

  @Test
  void anAnswerThatMayFailEndsWithTheReasonAndADegradedOneCounts() {
    String document = read(60, PolicyName.LTRI);
    index.failLookupsWith = "the index sleeps";
    assertReason(
        () -> ask(document, OnIndexFailure.FAIL),
        IndexException.Reason.UNAVAILABLE,
        "the index sleeps");
    Answered degraded = ask(document, OnIndexFailure.DEGRADE);
    assertThat(degraded.tokens()).hasSize(TOKENS);
    assertThat(degraded.figures().retrieval().lookupsMissed()).isPositive();
    assertThat(degraded.figures().recomputedTokens()).isZero();
  }

  @Test
  void aTextThatIsTooLongOrTooLargeIsNotComputedAgainAndTheErrorSaysWhy() {
    String longer = read(700, PolicyName.LTRI);
    String document = read(60, PolicyName.LTRI);
    index.failLookupsWith = "the index sleeps";
    assertReason(
        () -> ask(longer, OnIndexFailure.RECOMPUTE),
        IndexException.Reason.UNAVAILABLE,
        "the index sleeps",
        "may follow",
        "the model was trained for 512");
    assertReason(
        () -> ask(document, null, OnIndexFailure.RECOMPUTE, 1000, () -> {}),
        IndexException.Reason.UNAVAILABLE,
        "more than recompute-memory allows");
  }

  @Test
  void aDamagedBlockIsNamedWhateverBecomesOfTheAnswer() {
    String document = read(60, PolicyName.LTRI);
    // Reading has left blocks in the cache, which are sound.
    cache.forget(document);
    for (int span = 0; span < 200; span++) {
      index.damagedSpans.add(span);
    }
    assertReason(
        () -> ask(document, OnIndexFailure.FAIL),
        IndexException.Reason.DAMAGED,
        "document " + document,
        "block");
    Answered degraded = ask(document, OnIndexFailure.DEGRADE);
    assertThat(degraded.tokens()).hasSize(TOKENS);
    assertThat(degraded.figures().retrieval().blocksDamaged()).isPositive();
    assertThat(degraded.figures().retrieval().firstMiss()).contains("document " + document);
    Answered again = ask(document, OnIndexFailure.RECOMPUTE);
    assertThat(again.figures().recomputedTokens()).isEqualTo(tokens(document) + CHUNK);
    assertThat(again.figures().retrieval().firstMiss()).contains("block");
  }

  @Test
  void aDocumentWhoseTailIsDamagedIsComputedAgainFromItsTokens() {
    List<Integer> expected = ask(read(60, PolicyName.FULL), OnIndexFailure.DEGRADE).tokens();
    String document = read(60, PolicyName.LTRI);
    index.damagedSection = "layer";
    assertReason(() -> ask(document, OnIndexFailure.DEGRADE), IndexException.Reason.DAMAGED);
    Answered answer = ask(document, OnIndexFailure.RECOMPUTE);
    assertThat(answer.tokens()).isEqualTo(expected);
    assertThat(answer.figures().reusedTokens()).isZero();
    assertThat(answer.figures().recomputedTokens()).isEqualTo(tokens(document) + CHUNK);
    index.damagedSection = Documents.TOKENS_SECTION;
    assertReason(() -> ask(document, OnIndexFailure.RECOMPUTE), IndexException.Reason.DAMAGED);
  }

  @ParameterizedTest
  @EnumSource(OnIndexFailure.class)
  void aQuestionWithoutADocumentNeedsNoIndexUnderAPolicyThatDoesNot(OnIndexFailure mode) {
    List<Integer> expected = ask(null, PolicyName.FULL, mode, 1 << 30, () -> {}).tokens();
    index.failEverythingWith = "the index is down";
    Answered answer = ask(null, PolicyName.FULL, mode, 1 << 30, () -> {});
    assertThat(answer.tokens()).isEqualTo(expected);
    assertThat(answer.figures().reuseMissed()).isEqualTo("the index is down");
  }

  @Test
  void aQuestionWithoutADocumentUnderTheMethodIsAnsweredWithoutTheIndexUnlessItMayFail() {
    index.failEverythingWith = "the index is down";
    Answered answer = ask(null, PolicyName.LTRI, OnIndexFailure.DEGRADE, 1 << 30, () -> {});
    assertThat(answer.tokens()).hasSize(TOKENS);
    assertThat(answer.figures().reuseMissed()).isEqualTo("the index is down");
    assertReason(
        () -> ask(null, PolicyName.LTRI, OnIndexFailure.FAIL, 1 << 30, () -> {}),
        IndexException.Reason.UNAVAILABLE,
        "the index is down");
  }

  private Answered askForSources(String document, int sources) {
    return ask(document, null, OnIndexFailure.DEGRADE, 1 << 30, () -> {}, sources);
  }

  @Test
  void sourcesAreSpansOfTheDocumentWithTheirTextAndChangeNoToken() {
    String document = read(60, PolicyName.LTRI);
    Answered plain = askForSources(document, 0);
    Answered answer = askForSources(document, 5);
    assertThat(answer.tokens()).isEqualTo(plain.tokens());
    List<Source> sources = answer.figures().sources();
    assertThat(sources).hasSize(5);
    int[] text =
        TokenBuffer.ofTail(index.readTail(document, List.of(Documents.TOKENS_SECTION))).toArray();
    double sum = 0;
    double attention = 0;
    for (Source source : sources) {
      assertThat(source.documentId()).isEqualTo(document);
      assertThat(source.start()).isGreaterThanOrEqualTo(4).isLessThan(source.end());
      assertThat(source.end()).isLessThanOrEqualTo((int) tokens(document));
      assertThat(source.text())
          .isEqualTo(
              model.tokenizer().decode(Arrays.copyOfRange(text, source.start(), source.end())));
      sum += source.weight();
      attention += source.attention();
    }
    assertThat(sources).isSortedAccordingTo(Comparator.comparingDouble(Source::weight).reversed());
    assertThat(sum).isPositive().isLessThanOrEqualTo(1 + 1e-9);
    assertThat(attention)
        .isPositive()
        .isLessThanOrEqualTo(answer.figures().documentAttention() + 1e-9);
    assertThat(answer.figures().documentAttention()).isBetween(0.0, 1.0);
    assertThat(answer.perStep())
        .hasSize(TOKENS)
        .allSatisfy(step -> assertThat(step).hasSizeBetween(1, 5));
  }

  @Test
  void withoutAskingThereAreNoSourcesAndNobodyIsToldOfSteps() {
    Answered answer = askForSources(read(60, PolicyName.LTRI), 0);
    assertThat(answer.figures().sources()).isEmpty();
    assertThat(answer.figures().documentAttention()).isZero();
    assertThat(answer.perStep()).isEmpty();
  }

  @Test
  void aDocumentUnderFullAttentionHasSourcesToo() {
    String document = read(60, PolicyName.FULL);
    Answered plain = askForSources(document, 0);
    Answered answer = askForSources(document, 3);
    assertThat(answer.tokens()).isEqualTo(plain.tokens());
    assertThat(answer.figures().sources()).hasSize(3);
  }

  @Test
  void anAnswerThatIsComputedAgainHasSourcesOfItsNewMemory() {
    String document = read(60, PolicyName.LTRI);
    index.failLookupsWith = "the index sleeps";
    Answered answer = ask(document, null, OnIndexFailure.RECOMPUTE, 1 << 30, () -> {}, 3);
    assertThat(answer.figures().recomputedTokens()).isPositive();
    assertThat(answer.figures().sources()).hasSize(3);
  }

  @Test
  void moreSourcesThanAreListedAreRefused() {
    String document = read(60, PolicyName.LTRI);
    assertThatThrownBy(() -> askForSources(document, Generator.MOST_SOURCES + 1))
        .isInstanceOf(RequestException.class)
        .hasMessage("sources is 101 but must be in [0, 100]");
  }
}
