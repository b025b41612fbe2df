package io.ltri.index.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.ltri.index.store.DocumentLayout;
import io.ltri.index.store.DocumentNotFoundException;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.FileLayer;
import io.ltri.index.store.InvalidInputException;
import io.ltri.index.store.OpenDocument;
import io.ltri.index.store.RandomSpans;
import io.ltri.index.store.RandomSpans.Plain;
import io.ltri.index.store.SealSession;
import io.ltri.index.store.SearchMode;
import io.ltri.index.store.StorageType;
import io.ltri.index.store.StoreSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.incubator.vector.FloatVector;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeProperty;
import org.springframework.util.FileSystemUtils;

class SpanSearchTest {

  private static final SearchLimits LIMITS = new SearchLimits(256, 1 << 16);
  private static final int[] HEAD_DIMS = {8, 20, 64, 128};

  private Path folder = Path.of("");

  @SuppressWarnings("NullAway.Init") // opened before each test
  private DocumentStore store;

  @BeforeProperty
  void open() throws IOException {
    folder = Files.createTempDirectory("search");
    store = new DocumentStore(new StoreSettings(folder, 2, 1_000_000, 4), FileLayer.system());
  }

  @AfterProperty
  void close() throws IOException {
    store.close();
    FileSystemUtils.deleteRecursively(folder);
  }

  @Property(tries = 40)
  void searchAgreesWithTheDefinition(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 8) int group,
      @ForAll @IntRange(min = 1, max = 4) int kvHeads,
      @ForAll @IntRange(min = 0, max = 3) int dimIndex,
      @ForAll @IntRange(min = 1, max = 80) int queryCount,
      @ForAll @IntRange(min = 0, max = 60) int spans,
      @ForAll boolean bf16,
      @ForAll boolean sealed,
      @ForAll LookUp.StageOne stageOne,
      @ForAll boolean oneStage) {
    DocumentLayout layout = layout(kvHeads, group, HEAD_DIMS[dimIndex], bf16);
    RandomSpans random = new RandomSpans(seed, layout);
    List<Plain> plain = random.spans(spans, 3, 90, 4);
    LookUp lookUp = with(lookUp(random, layout, queryCount, 700), stageOne, oneStage);
    BruteForceSearch.Answer expected = BruteForceSearch.search(List.of(plain), layout, lookUp);
    String id = document(layout, plain, sealed, SearchMode.SCAN);
    try (SpanSearch search = new SpanSearch(2, LIMITS);
        OpenDocument document = store.open(id)) {
      LookUpAnswer found = search.search(List.of(document), lookUp);
      assertSame(expected, found, !oneStage);
      if (oneStage) {
        assertThat(found.tokensRescored()).isZero();
        assertInOrder(found, stageOne);
      }
    }
    store.delete(id);
  }

  @Property(tries = 15)
  void baseAndDeltaTogetherAreSearchedAsOneDocument(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 70) int queryCount,
      @ForAll @IntRange(min = 1, max = 59) int cut) {
    DocumentLayout layout = layout(3, 3, 64, true);
    RandomSpans random = new RandomSpans(seed, layout);
    List<Plain> all = random.spans(60, 0, 40, 3);
    LookUp lookUp = lookUp(random, layout, queryCount, 500);
    String joined = document(layout, all, true, SearchMode.SCAN);
    String base = document(layout, all.subList(0, cut), true, SearchMode.SCAN);
    String delta = document(layout, all.subList(cut, 60), false, SearchMode.SCAN);
    try (SpanSearch search = new SpanSearch(2, LIMITS);
        OpenDocument one = store.open(joined);
        OpenDocument first = store.open(base);
        OpenDocument second = store.open(delta)) {
      LookUpAnswer whole = search.search(List.of(one), lookUp);
      LookUpAnswer parts = search.search(List.of(first, second), lookUp);
      assertThat(parts.logSums()).containsExactly(whole.logSums());
      assertThat(parts.candidates()).hasSameSizeAs(whole.candidates());
      for (int i = 0; i < whole.candidates().size(); i++) {
        LookUpAnswer.Candidate of = parts.candidates().get(i);
        assertThat(of.document() * cut + of.span()).isEqualTo(whole.candidates().get(i).span());
        assertThat(of.start()).isEqualTo(whole.candidates().get(i).start());
        assertThat(of.mass()).containsExactly(whole.candidates().get(i).mass());
      }
    }
  }

  @Property(tries = 15)
  void resultsAreTheSameBitsForAnyNumberOfThreadsAndBeforeAndAfterTheSeal(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 100) int queryCount) {
    DocumentLayout layout = layout(2, 3, 64, true);
    RandomSpans random = new RandomSpans(seed, layout);
    List<Plain> plain = random.spans(300, 0, 40, 4);
    LookUp lookUp = lookUp(random, layout, queryCount, 2_000);
    String id = document(layout, plain, false, SearchMode.SCAN);
    try (SpanSearch one = new SpanSearch(1, LIMITS);
        SpanSearch four = new SpanSearch(4, LIMITS)) {
      LookUpAnswer expected;
      try (OpenDocument building = store.open(id)) {
        expected = one.search(List.of(building), lookUp);
        assertIdentical(expected, four.search(List.of(building), lookUp));
      }
      seal(id, SearchMode.SCAN);
      try (OpenDocument sealed = store.open(id)) {
        assertIdentical(expected, one.search(List.of(sealed), lookUp));
        assertIdentical(expected, four.search(List.of(sealed), lookUp));
      }
    }
  }

  @Example
  void onlyAsManyTokensAreReturnedAsWereAskedFor() {
    DocumentLayout layout = layout(2, 2, 64, false);
    RandomSpans random = new RandomSpans(11, layout);
    String id = document(layout, random.spans(50, 0, 20, 2), false, SearchMode.SCAN);
    LookUp all = lookUp(random, layout, 4, 400);
    LookUp few = new LookUp(all.layer(), all.queries(), 4, 400, 60);
    try (SpanSearch search = new SpanSearch(1, LIMITS);
        OpenDocument document = store.open(id)) {
      List<LookUpAnswer.Candidate> expected = search.search(List.of(document), all).candidates();
      List<LookUpAnswer.Candidate> found = search.search(List.of(document), few).candidates();
      assertThat(found.stream().mapToInt(c -> c.end() - c.start()).sum()).isBetween(1, 60);
      assertThat(found.stream().map(LookUpAnswer.Candidate::span))
          .isEqualTo(
              expected.stream().limit(found.size()).map(LookUpAnswer.Candidate::span).toList());
    }
  }

  @Example
  void theLargestShareOfOneHeadCountsUnderTheRuleMax() {
    // Head 0 loves span 0; all heads like span 1 a little.
    DocumentLayout layout = layout(3, 1, 8, false);
    float[] queries = new float[3 * 8];
    float[] first = new float[3 * 8];
    float[] second = new float[3 * 8];
    float[] third = new float[3 * 8];
    for (int head = 0; head < 3; head++) {
      queries[head * 8] = 10;
      second[head * 8] = 0.5f;
    }
    first[0] = 1.5f;
    first[8] = -1;
    first[16] = -1;
    RandomSpans random = new RandomSpans(5, layout);
    String id = store.create(layout, Map.of(), false).id();
    store.append(
        id,
        0,
        RandomSpans.news(
            List.of(
                random.span(0, 4, first), random.span(4, 8, second), random.span(8, 12, third))));
    try (SpanSearch search = new SpanSearch(1, LIMITS);
        OpenDocument document = store.open(id)) {
      LookUp lookUp = new LookUp(0, queries, 1, 4, 0);
      for (boolean oneStage : new boolean[] {false, true}) {
        assertThat(
                spans(
                    search.search(List.of(document), with(lookUp, LookUp.StageOne.SUM, oneStage)),
                    9))
            .containsExactly(1);
      }
      LookUpAnswer most = search.search(List.of(document), with(lookUp, LookUp.StageOne.MAX, true));
      // Shares of head 0: exp(15 / sqrt(8)) : exp(5 / sqrt(8)) : 1.
      double a = Math.exp(15 / Math.sqrt(8));
      double b = Math.exp(5 / Math.sqrt(8));
      assertThat(most.candidates()).hasSize(1);
      assertThat((double) most.candidates().getFirst().mass()[0])
          .isCloseTo(a / (a + b + 1), within(1e-5));
      LookUp two = new LookUp(0, queries, 1, 12, 8, LookUp.StageOne.MAX, true);
      List<Integer> ranked = spans(search.search(List.of(document), two), 9);
      assertThat(ranked).hasSize(2);
    }
  }

  @Example
  void graphsFindNearlyWhatAScanFinds() {
    DocumentLayout layout = layout(1, 3, 64, true);
    RandomSpans random = new RandomSpans(7, layout);
    List<Plain> plain = random.spans(1_500, 0, 12, 2);
    String scanned = document(layout, plain, true, SearchMode.SCAN);
    String walked = document(layout, plain, true, SearchMode.GRAPH);
    assertThat(store.summary(walked).searchMode()).isEqualTo(SearchMode.GRAPH);
    int shared = 0;
    int wanted = 0;
    try (SpanSearch search = new SpanSearch(2, LIMITS);
        OpenDocument scan = store.open(scanned);
        OpenDocument graph = store.open(walked)) {
      assertThat(graph.layer(0).graph(0)).isNotNull();
      assertThat(scan.layer(0).graph(0)).isNull();
      for (int n : new int[] {1, 3, 16}) {
        LookUp lookUp = lookUp(random, layout, n, 600);
        for (LookUp.StageOne stageOne : LookUp.StageOne.values()) {
          LookUp one = with(lookUp, stageOne, true);
          LookUpAnswer ofGraph = search.search(List.of(graph), one);
          assertInOrder(ofGraph, stageOne);
          List<Integer> all = spans(search.search(List.of(scan), one), 8);
          assertThat(spans(ofGraph, Integer.MAX_VALUE).stream().filter(all::contains).count())
              .isGreaterThanOrEqualTo(6);
          // The graphs' spans are most of the weight, so their shares are nearly those of a scan.
          assertThat(ofGraph.vectorsSearched()).isPositive();
        }
        LookUpAnswer expected = search.search(List.of(scan), lookUp);
        LookUpAnswer found = search.search(List.of(graph), lookUp);
        assertThat(found.vectorsSearched()).isPositive().isLessThan(expected.vectorsSearched());
        List<Integer> best =
            expected.candidates().stream().limit(8).map(LookUpAnswer.Candidate::span).toList();
        List<Integer> got = found.candidates().stream().map(LookUpAnswer.Candidate::span).toList();
        wanted += best.size();
        shared += (int) best.stream().filter(got::contains).count();
        assertIdentical(found, search.search(List.of(graph), lookUp));
      }
    }
    assertThat(shared).isGreaterThanOrEqualTo(wanted * 9 / 10);
  }

  @Example
  void documentTooSmallForAGraphCanStillBeSealedAsOne() {
    DocumentLayout layout = layout(2, 1, 64, true);
    RandomSpans random = new RandomSpans(3, layout);
    for (int spans = 0; spans < 3; spans++) {
      List<Plain> plain = random.spans(spans, 0, 9, 1);
      String id = document(layout, plain, true, SearchMode.GRAPH);
      LookUp lookUp = lookUp(random, layout, 2, 100);
      try (SpanSearch search = new SpanSearch(1, LIMITS);
          OpenDocument document = store.open(id)) {
        assertThat(search.search(List.of(document), lookUp).candidates()).hasSize(spans);
      }
    }
  }

  @Example
  void exponentialIsExactToOneInAMillion() {
    float[] numbers = new float[RowKernel.ROWS.length()];
    for (float x = 0; x > -86; x -= 0.0137f) {
      Exponential.of(FloatVector.broadcast(RowKernel.ROWS, x)).intoArray(numbers, 0);
      assertThat(numbers[0] / Math.exp(x)).isCloseTo(1, within(1e-6));
    }
    Exponential.of(FloatVector.broadcast(RowKernel.ROWS, Float.NEGATIVE_INFINITY))
        .intoArray(numbers, 0);
    assertThat(numbers[0]).isBetween(0f, 1e-37f);
  }

  @Example
  void warmUpFinishesAndLooksAreAnsweredAfterIt() {
    DocumentLayout layout = layout(1, 1, 64, true);
    RandomSpans random = new RandomSpans(1, layout);
    String id = document(layout, random.spans(5, 0, 20, 2), false, SearchMode.SCAN);
    try (SpanSearch search = new SpanSearch(1, LIMITS);
        OpenDocument document = store.open(id)) {
      search.warmUp();
      LookUp lookUp = lookUp(random, layout, 1, 1_000);
      assertThat(search.search(List.of(document), lookUp).candidates()).hasSize(5);
    }
  }

  @Example
  void whatDoesNotFitIsRefused() {
    DocumentLayout layout = layout(2, 2, 64, false);
    RandomSpans random = new RandomSpans(1, layout);
    String id = document(layout, random.spans(5, 0, 20, 2), false, SearchMode.SCAN);
    String other = document(layout(2, 2, 32, false), List.of(), false, SearchMode.SCAN);
    LookUp good = lookUp(random, layout, 2, 100);
    try (SpanSearch search = new SpanSearch(1, LIMITS);
        OpenDocument document = store.open(id);
        OpenDocument different = store.open(other)) {
      refused(search, List.of(), good, "at least one");
      refused(search, List.of(document, different), good, "different layouts");
      refused(search, List.of(document), new LookUp(9, good.queries(), 2, 100, 0), "layer 9");
      refused(search, List.of(document), new LookUp(0, good.queries(), 3, 100, 0), "queries hold");
      refused(
          search, List.of(document), new LookUp(0, good.queries(), 2, 0, 0), "candidate_tokens");
      float[] bad = good.queries().clone();
      bad[3] = Float.NaN;
      refused(search, List.of(document), new LookUp(0, bad, 2, 100, 0), "not finite");
    }
  }

  private static void refused(
      SpanSearch search, List<OpenDocument> documents, LookUp lookUp, String message) {
    assertThatThrownBy(() -> search.search(documents, lookUp))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(message);
  }

  @Example
  void searchingGoesOnWhileSpansAreAppendedAndTheDocumentIsSealedAndDeleted() throws Exception {
    DocumentLayout layout = layout(2, 2, 64, true);
    RandomSpans random = new RandomSpans(23, layout);
    List<Plain> plain = random.spans(600, 0, 20, 3);
    LookUp one = lookUp(random, layout, 1, 300);
    LookUp many = lookUp(random, layout, 20, 300);
    String id = store.create(layout, Map.of(), false).id();
    AtomicInteger searches = new AtomicInteger();
    try (SpanSearch search = new SpanSearch(2, LIMITS);
        ExecutorService searchers = Executors.newFixedThreadPool(3)) {
      List<Future<Integer>> running = new ArrayList<>();
      for (int t = 0; t < 3; t++) {
        LookUp lookUp = t == 0 ? many : one;
        running.add(searchers.submit(() -> searchUntilDeleted(search, id, lookUp, searches)));
      }
      for (int from = 0; from < 600; from += 5) {
        store.append(id, 0, RandomSpans.news(plain.subList(from, from + 5)));
      }
      seal(id, SearchMode.SCAN);
      try (OpenDocument document = store.open(id)) {
        assertSame(
            BruteForceSearch.search(List.of(plain), layout, many),
            search.search(List.of(document), many));
      }
      int before = searches.get();
      while (searches.get() < before + 20) {
        Thread.sleep(1);
      }
      store.delete(id);
      for (Future<Integer> searcher : running) {
        assertThat(searcher.get(30, TimeUnit.SECONDS)).isPositive();
      }
    }
  }

  /** Every answer must make sense, whenever it comes; returns how many there were. */
  private int searchUntilDeleted(
      SpanSearch search, String id, LookUp lookUp, AtomicInteger searches) {
    int count = 0;
    while (true) {
      try (OpenDocument document = store.open(id)) {
        LookUpAnswer answer = search.search(List.of(document), lookUp);
        double mass = 0;
        for (LookUpAnswer.Candidate candidate : answer.candidates()) {
          mass += candidate.mass()[0];
        }
        if (!answer.candidates().isEmpty()) {
          // With one query the shares of all candidates add up to one, with more to at least one.
          assertThat(mass).isGreaterThan(0.999);
        }
        count++;
        searches.incrementAndGet();
      } catch (DocumentNotFoundException e) {
        return count;
      }
    }
  }

  // -- what the tests are made of
  // ----------------------------------------------------------------------------------

  private static DocumentLayout layout(int kvHeads, int group, int headDim, boolean bf16) {
    return new DocumentLayout(
        1,
        kvHeads * group,
        kvHeads,
        headDim,
        bf16 ? StorageType.BF16 : StorageType.FP32,
        (float) (1 / Math.sqrt(headDim)));
  }

  private static LookUp lookUp(
      RandomSpans random, DocumentLayout layout, int queryCount, int candidateTokens) {
    return new LookUp(
        0,
        random.floats(layout.queryHeads() * queryCount * layout.headDim()),
        queryCount,
        candidateTokens,
        0);
  }

  private static LookUp with(LookUp lookUp, LookUp.StageOne stageOne, boolean oneStage) {
    return new LookUp(
        lookUp.layer(),
        lookUp.queries(),
        lookUp.queryCount(),
        lookUp.candidateTokens(),
        lookUp.returnTokens(),
        stageOne,
        oneStage);
  }

  private static List<Integer> spans(LookUpAnswer answer, int most) {
    return answer.candidates().stream().limit(most).map(LookUpAnswer.Candidate::span).toList();
  }

  /** By the rule of stage one, from the masses that came with the candidates. */
  private static void assertInOrder(LookUpAnswer answer, LookUp.StageOne stageOne) {
    float previous = Float.POSITIVE_INFINITY;
    for (LookUpAnswer.Candidate candidate : answer.candidates()) {
      float score = 0;
      for (float mass : candidate.mass()) {
        score = stageOne == LookUp.StageOne.MAX ? Math.max(score, mass) : score + mass;
      }
      assertThat(score).isLessThanOrEqualTo(previous);
      previous = score;
    }
  }

  private String document(
      DocumentLayout layout, List<Plain> spans, boolean sealed, SearchMode mode) {
    String id = store.create(layout, Map.of(), false).id();
    // Several messages, so that a building document has several runs of vectors.
    for (int from = 0; from < spans.size(); from += 37) {
      store.append(id, 0, RandomSpans.news(spans.subList(from, Math.min(spans.size(), from + 37))));
    }
    if (sealed) {
      seal(id, mode);
    }
    return id;
  }

  private void seal(String id, SearchMode mode) {
    try (SealSession session = store.beginSeal(id)) {
      session.finish(Map.of(), mode);
    }
  }

  private static void assertSame(BruteForceSearch.Answer expected, LookUpAnswer found) {
    assertSame(expected, found, true);
  }

  /**
   * @param ordered are the candidates in the order of their summed mass?
   */
  private static void assertSame(
      BruteForceSearch.Answer expected, LookUpAnswer found, boolean ordered) {
    if (expected.closestStageOneGap() < 1e-4) {
      return; // float and double may cut the list of candidates differently
    }
    assertThat(found.logSums()).hasSize(expected.logSums().length);
    for (int i = 0; i < found.logSums().length; i++) {
      if (Double.isInfinite(expected.logSums()[i]) || Double.isNaN(expected.logSums()[i])) {
        assertThat(found.logSums()[i]).isEqualTo(Float.NEGATIVE_INFINITY);
      } else {
        assertThat((double) found.logSums()[i]).isCloseTo(expected.logSums()[i], within(1e-4));
      }
    }
    Map<List<Integer>, double[]> masses = new HashMap<>();
    for (BruteForceSearch.Found candidate : expected.candidates()) {
      masses.put(List.of(candidate.document(), candidate.span()), candidate.mass());
    }
    assertThat(found.candidates()).hasSameSizeAs(expected.candidates());
    double previous = Double.POSITIVE_INFINITY;
    for (LookUpAnswer.Candidate candidate : found.candidates()) {
      List<Integer> which = List.of(candidate.document(), candidate.span());
      assertThat(masses).containsKey(which);
      double[] mass = Objects.requireNonNull(masses.get(which));
      double sum = 0;
      for (int h = 0; h < mass.length; h++) {
        assertThat((double) candidate.mass()[h]).isCloseTo(mass[h], within(1e-5 + 1e-4 * mass[h]));
        sum += candidate.mass()[h];
      }
      if (ordered) {
        assertThat(sum).isLessThanOrEqualTo(previous + 1e-4);
      }
      previous = sum;
    }
  }

  private static void assertIdentical(LookUpAnswer expected, LookUpAnswer found) {
    assertThat(found.logSums()).containsExactly(expected.logSums());
    assertThat(found.candidates()).hasSameSizeAs(expected.candidates());
    for (int i = 0; i < expected.candidates().size(); i++) {
      assertThat(found.candidates().get(i).span()).isEqualTo(expected.candidates().get(i).span());
      assertThat(found.candidates().get(i).mass())
          .containsExactly(expected.candidates().get(i).mass());
    }
  }
}
