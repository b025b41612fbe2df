package io.ltri.inference.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.TinyLlama;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BruteForceIndex;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.NewDocument;
import io.ltri.inference.retrieval.OffloadedSpan;
import io.ltri.inference.retrieval.Seal;
import io.ltri.inference.span.Band;
import io.ltri.inference.span.Cutting;
import io.ltri.inference.span.Segmenter;
import io.ltri.inference.span.SegmenterName;
import io.ltri.inference.span.SpanRange;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.span.ThetaForm;
import io.ltri.inference.span.TokenSignal;
import io.ltri.inference.span.VectorForm;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

/** The policies on a tiny random model, over a brute-force index. */
class MemoriesTest {
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final SpanSettings SPANS =
      new SpanSettings(2, 8, 1, 0, 4)
          .with(new Cutting(SegmenterName.DYNAMIC_PROGRAM, 0, 5, 0.5, 16));
  private static final int CHUNK = 16;

  private static Decoder decoder;

  private final BruteForceIndex index = new BruteForceIndex();
  private final Memories memories =
      new Memories(
          decoder,
          index,
          new BlockCache(1 << 20),
          Runnable::run,
          MemoriesTest::sentenceEnds,
          Integer.MAX_VALUE);

  @BeforeAll
  static void loadTinyModel() {
    decoder = TinyLlama.decoder();
  }

  @AfterAll
  static void close() {
    decoder.close();
  }

  /** Every seventh token. */
  private static BitSet sentenceEnds() {
    BitSet ends = new BitSet();
    for (int id = 0; id < decoder.shape().vocabulary(); id += 7) {
      ends.set(id);
    }
    return ends;
  }

  private static ReadingSettings settings(PolicyName policy, int budget, StorageType storage) {
    return new ReadingSettings(policy, 4, 24, CHUNK, budget, 8, 8, SPANS, storage);
  }

  private static AnsweringSettings answering(int budget) {
    return new AnsweringSettings(budget, DEADLINE, false);
  }

  private static int[] text(int tokens) {
    return new Random(7).ints(tokens, 0, decoder.shape().vocabulary()).toArray();
  }

  private static float[] read(SequenceMemory memory, int[] tokens) {
    return read(memory, tokens, CHUNK);
  }

  private static float[] read(SequenceMemory memory, int[] tokens, int chunk) {
    float[] logits = {};
    for (int i = 0; i < tokens.length; i += chunk) {
      try (Step step =
          decoder.begin(Arrays.copyOfRange(tokens, i, Math.min(tokens.length, i + chunk)))) {
        memory.forward(step);
        logits = step.logits();
      }
    }
    return logits;
  }

  private static float furthest(float[] left, float[] right) {
    float most = 0;
    for (int i = 0; i < left.length; i++) {
      most = Math.max(most, Math.abs(left[i] - right[i]));
    }
    return most;
  }

  @ParameterizedTest
  @CsvSource({"BF16, COMPACT", "FP32, COMPACT", "BF16, TRUE", "FP32, TRUE"})
  void budgetCoveringEverythingEqualsFullAttention(StorageType storage, PositionScheme positions) {
    int[] text = text(300);
    ReadingSettings everything =
        new ReadingSettings(
            PolicyName.LTRI,
            4,
            24,
            CHUNK,
            400,
            8,
            8,
            SPANS,
            storage,
            positions,
            LookupSettings.DEFAULT);
    try (SequenceMemory full = memories.fresh(settings(PolicyName.FULL, 0, storage), answering(0));
        SequenceMemory ltri = memories.fresh(everything, answering(400))) {
      float[] expected = read(full, text);
      float[] actual = read(ltri, text);
      assertThat(furthest(expected, actual)).isLessThan(1e-4f);
      for (int token = 0; token < 40; token++) {
        assertThat(furthest(read(full, new int[] {token}), read(ltri, new int[] {token})))
            .isLessThan(1e-4f);
      }
      assertThat(ltri.figures().spansOffloaded()).isGreaterThan(50);
      assertThat(ltri.figures().lookupsMissed()).isZero();
    }
  }

  private static AnsweringSettings answering(int budget, LookupSettings lookup) {
    return new AnsweringSettings(budget, DEADLINE, false, lookup);
  }

  @Test
  void oneStepLaterWithABudgetThatCoversEverythingEqualsFullAttentionAndAsksAhead() {
    int[] text = text(300);
    ReadingSettings settings = settings(PolicyName.LTRI, 400, StorageType.BF16);
    LookupSettings late = LookupSettings.DEFAULT.withLookupLag(1);
    int layers = decoder.shape().layers();
    try (SequenceMemory full =
            memories.fresh(settings(PolicyName.FULL, 0, StorageType.BF16), answering(0));
        SequenceMemory ltri = memories.fresh(settings, answering(500, late))) {
      assertThat(furthest(read(full, text), read(ltri, text))).isLessThan(1e-4f);
      boolean ahead = false;
      for (int token = 0; token < 60; token++) {
        index.asked.clear();
        index.awaited.clear();
        assertThat(furthest(read(full, new int[] {token}), read(ltri, new int[] {token})))
            .isLessThan(1e-4f);
        assertThat(index.awaited).hasSize(layers);
        // In a step whose look-ups were all sent ahead, each layer sends one for the next.
        ahead |= token > 0 && index.asked.size() == layers;
      }
      assertThat(ahead).isTrue();
      assertThat(ltri.figures().lookupsMissed()).isZero();
    }
  }

  @Test
  void aStepThatIsOneStepLateAttendsToWhatTheQueriesOfTheStepBeforeFound() {
    int[] text = text(300);
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    try (SequenceMemory now = memories.fresh(settings, answering(40));
        SequenceMemory late =
            memories.fresh(settings, answering(40, LookupSettings.DEFAULT.withLookupLag(1)))) {
      float[] read = read(now, text);
      assertThat(read(late, text)).isEqualTo(read);
      // The first decode step has no step of one token before it and looks up at once.
      assertThat(read(late, new int[] {1})).isEqualTo(read(now, new int[] {1}));
      index.asked.clear();
      float[] onTime = read(now, new int[] {2});
      float[] oneLate = read(late, new int[] {2});
      assertThat(furthest(onTime, oneLate)).isGreaterThan(0);
    }
  }

  @Test
  void aLookupThatWasSentAheadAndFailsIsAskedAgain() {
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    LookupSettings late = LookupSettings.DEFAULT.withLookupLag(1);
    try (SequenceMemory memory = memories.fresh(settings, answering(40, late))) {
      float[] unused = read(memory, text(100));
      index.failLookupsWith = "the index sleeps";
      float[] missesAtOnceAndAsksAhead = read(memory, new int[] {1});
      index.failLookupsWith = "";
      float[] asksAgain = read(memory, new int[] {1});
      assertThat(memory.figures().lookupsMissed()).isEqualTo(decoder.shape().layers());
      float[] recovers = read(memory, new int[] {1});
      assertThat(memory.figures().lookupsMissed()).isEqualTo(decoder.shape().layers());
    }
  }

  @Test
  void aLayerAheadWithABudgetThatCoversEverythingEqualsFullAttention() {
    int[] text = text(300);
    ReadingSettings settings = settings(PolicyName.LTRI, 400, StorageType.BF16);
    LookupSettings early = LookupSettings.DEFAULT.withLookupAheadFrom(1);
    int layers = decoder.shape().layers();
    try (SequenceMemory full =
            memories.fresh(settings(PolicyName.FULL, 0, StorageType.BF16), answering(0));
        SequenceMemory ltri = memories.fresh(settings, answering(500, early))) {
      assertThat(furthest(read(full, text), read(ltri, text))).isLessThan(1e-4f);
      for (int token = 0; token < 60; token++) {
        index.asked.clear();
        index.awaited.clear();
        assertThat(furthest(read(full, new int[] {token}), read(ltri, new int[] {token})))
            .isLessThan(1e-4f);
        assertThat(index.asked).hasSize(layers);
        assertThat(index.awaited).hasSize(layers);
      }
      assertThat(ltri.figures().lookupsMissed()).isZero();
    }
  }

  @Test
  void aLayerAheadLooksUpWhileTheLayerBeforeComputes() {
    int[] text = text(300);
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    try (SequenceMemory now = memories.fresh(settings, answering(40));
        SequenceMemory early =
            memories.fresh(
                settings, answering(40, LookupSettings.DEFAULT.withLookupAheadFrom(1)))) {
      float[] read = read(now, text);
      assertThat(read(early, text)).isEqualTo(read);
      // In the first step, spans of the text are still on their way, and layers ask for themselves.
      assertThat(read(early, new int[] {1})).isEqualTo(read(now, new int[] {1}));
      index.events.clear();
      float[] estimated = read(early, new int[] {2});
      assertThat(lookups()).containsExactly("ask 0", "ask 1", "await 0", "await 1");
      index.events.clear();
      float[] exact = read(now, new int[] {2});
      assertThat(lookups()).containsExactly("ask 0", "await 0", "ask 1", "await 1");
      assertThat(furthest(estimated, exact)).isGreaterThan(0);
    }
  }

  private List<String> lookups() {
    return index.events.stream().filter(event -> !event.startsWith("fetch")).toList();
  }

  /** Blocks that a look-up ahead has named are there before the layer wants them. */
  @Test
  void blocksOfALayerAheadAreFetchedBeforeTheyAreWanted() {
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    try (SequenceMemory early =
        memories.fresh(settings, answering(40, LookupSettings.DEFAULT.withLookupAheadFrom(1)))) {
      float[] unused = read(early, text(300));
      unused = read(early, new int[] {1});
      index.bringsAnswers = true;
      boolean before = false;
      for (int token = 2; token < 40; token++) {
        index.events.clear();
        unused = read(early, new int[] {token});
        int fetch = index.events.indexOf("fetch 1");
        before |= fetch >= 0 && fetch < index.events.indexOf("await 1");
      }
      assertThat(before).isTrue();
      assertThat(early.figures().lookupsMissed()).isZero();
    } finally {
      index.bringsAnswers = false;
    }
  }

  @Test
  void layersThatLookUpSeldomKeepTheirSpansInBetween() {
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    LookupSettings seldom = LookupSettings.DEFAULT.withSeldomLayers(1).withLookupAheadFrom(1);
    int layers = decoder.shape().layers();
    try (SequenceMemory memory = memories.fresh(settings, answering(40, seldom))) {
      float[] unused = read(memory, text(300));
      for (int step = 0; step < 34; step++) {
        List<TokenRange> before = memory.attended(0);
        index.asked.clear();
        index.awaited.clear();
        unused = read(memory, new int[] {step});
        assertThat(index.asked).as("step %s", step).hasSize(step % 16 == 0 ? layers : layers - 1);
        assertThat(index.awaited).hasSameElementsAs(index.asked);
        if (step % 16 != 0) {
          // But for its end, where the window goes on.
          assertThat(memory.attended(0).subList(0, before.size() - 1))
              .isEqualTo(before.subList(0, before.size() - 1));
        }
      }
      assertThat(memory.figures().lookupsMissed()).isZero();
    }
  }

  @Test
  void aLookupOfTheNextLayerThatFailsIsAMissedOne() {
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    LookupSettings early = LookupSettings.DEFAULT.withLookupAheadFrom(1);
    try (SequenceMemory memory = memories.fresh(settings, answering(40, early))) {
      float[] unused = read(memory, text(100));
      index.failLookupsWith = "the index sleeps";
      float[] misses = read(memory, new int[] {1});
      assertThat(memory.figures().lookupsMissed()).isEqualTo(decoder.shape().layers());
      index.failLookupsWith = "";
      float[] recovers = read(memory, new int[] {1});
      assertThat(memory.figures().lookupsMissed()).isEqualTo(decoder.shape().layers());
    }
  }

  @Test
  void spansStayForAsManyStepsAsTheSettingSays() {
    int[] text = text(300);
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    int layers = decoder.shape().layers();
    for (int lag = 0; lag <= 1; lag++) {
      LookupSettings third = LookupSettings.DEFAULT.withLookupEvery(3).withLookupLag(lag);
      try (SequenceMemory memory = memories.fresh(settings, answering(40, third))) {
        float[] unused = read(memory, text);
        for (int step = 0; step < 9; step++) {
          index.awaited.clear();
          long before = memory.figures().lookups();
          unused = read(memory, new int[] {step});
          assertThat(index.awaited).hasSize(step % 3 == 0 ? layers : 0);
          assertThat(memory.figures().lookups() - before).isEqualTo(step % 3 == 0 ? layers : 0);
        }
        // A new chunk always looks up, and the count begins anew.
        index.awaited.clear();
        unused = read(memory, new int[] {1, 2, 3});
        unused = read(memory, new int[] {4});
        assertThat(index.awaited).hasSize(2 * layers);
      }
    }
  }

  @Test
  void switchesThatAreOffOrChangeNothingGiveTheSameBits() {
    int[] text = text(300);
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    List<Double> ones = java.util.Collections.nCopies(decoder.shape().layers(), 1.0);
    try (SequenceMemory plain = memories.fresh(settings, answering(40));
        SequenceMemory same =
            memories.fresh(
                settings,
                answering(40, LookupSettings.DEFAULT.withLookupEvery(1).withBudgetByLayer(ones)))) {
      float[] unused = read(plain, text);
      assertThat(read(same, text)).isEqualTo(unused);
      for (int token = 0; token < 5; token++) {
        assertThat(read(same, new int[] {token})).isEqualTo(read(plain, new int[] {token}));
      }
      assertThat(same.figures().retrievedTokens())
          .isPositive()
          .isEqualTo(plain.figures().retrievedTokens())
          .isLessThanOrEqualTo(40 * same.figures().lookups());
    }
  }

  @Test
  void layersHaveBudgetsOfTheirOwn() {
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    Double[] factors = new Double[decoder.shape().layers()];
    Arrays.fill(factors, 0.0);
    factors[1] = 0.5;
    LookupSettings lookup = LookupSettings.DEFAULT.withBudgetByLayer(List.of(factors));
    try (SequenceMemory memory = memories.fresh(settings, answering(40, lookup))) {
      float[] unused = read(memory, text(300));
      assertThat(index.asked).isNotEmpty().containsOnly(1);
      assertThat(memory.figures().retrievedTokens())
          .isPositive()
          .isLessThanOrEqualTo(20 * memory.figures().lookups());
    }
    assertThatThrownBy(
            () ->
                memories.fresh(
                    settings,
                    answering(40, LookupSettings.DEFAULT.withBudgetByLayer(List.of(1.0)))))
        .hasMessageContaining("budget-by-layer has 1 factors");
  }

  @Test
  void aDocumentReadWithASwitchHasAnotherIdentity() {
    ReadingSettings usual = settings(PolicyName.LTRI, 40, StorageType.BF16);
    ReadingSettings other =
        new ReadingSettings(
            PolicyName.LTRI,
            4,
            24,
            CHUNK,
            40,
            8,
            8,
            SPANS,
            StorageType.BF16,
            PositionScheme.COMPACT,
            LookupSettings.DEFAULT.withMemoryDecay(0.5));
    assertThat(usual.identity()).doesNotContainKey("reading-lookup.memory-decay");
    Map<String, String> identity = new java.util.TreeMap<>(other.identity());
    assertThat(identity.remove("reading-lookup.memory-decay")).isEqualTo("0.5");
    assertThat(identity).isEqualTo(usual.identity());
  }

  @Test
  void smallBudgetChangesLogitsAndIsNearerToFullAttentionThanTheWindowAlone() {
    int[] text = text(300);
    try (SequenceMemory full =
            memories.fresh(settings(PolicyName.FULL, 0, StorageType.BF16), answering(0));
        SequenceMemory ltri =
            memories.fresh(settings(PolicyName.LTRI, 150, StorageType.BF16), answering(150));
        SequenceMemory streaming =
            memories.fresh(settings(PolicyName.STREAMING, 0, StorageType.BF16), answering(0))) {
      float[] expected = read(full, text);
      float withSpans = furthest(expected, read(ltri, text));
      float withoutSpans = furthest(expected, read(streaming, text));
      assertThat(withSpans).isGreaterThan(1e-6f).isLessThan(withoutSpans);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = PolicyName.class,
      mode = Mode.EXCLUDE,
      names = {"FULL", "STREAMING", "INFLLM", "ORACLE"})
  void everyTokenIsInExactlyOneSpanOrResident(PolicyName policy) {
    ReadingSettings settings = settings(policy, 40, StorageType.BF16);
    for (List<Integer> ends : spanEnds(settings, CHUNK)) {
      int start = 4;
      for (int end : ends) {
        assertThat(end - start).isBetween(SPANS.shortest(), SPANS.longest());
        start = end;
      }
      assertThat(start).isBetween(300 - 24 - SPANS.longest(), 300 - 24);
    }
  }

  @Test
  void everyPolicyCutsByItsOwnRule() {
    int[] text = text(300);
    List<Integer> uniform =
        spanEnds(settings(PolicyName.UNIFORM, 40, StorageType.BF16), CHUNK).getFirst();
    for (int i = 0; i < uniform.size(); i++) {
      assertThat(uniform.get(i)).isEqualTo(4 + 5 * (i + 1));
    }
    List<List<Integer>> random = spanEnds(settings(PolicyName.RANDOM, 40, StorageType.BF16), CHUNK);
    assertThat(random.get(0)).isNotEqualTo(random.get(1));
    List<List<Integer>> sentence =
        spanEnds(settings(PolicyName.SENTENCE, 40, StorageType.BF16), CHUNK);
    assertThat(sentence.get(0)).isEqualTo(sentence.get(1));
    assertThat(sentence.getFirst().stream().filter(end -> text[end - 1] % 7 == 0).count())
        .isGreaterThan(15);
  }

  /** Cuts under em-llm are those of the surprisals that token-by-token passes give. */
  @ParameterizedTest
  @ValueSource(ints = {CHUNK, 7, 48})
  void eventsBeginWhereTheModelIsSurprisedHoweverTheTextIsChunked(int chunk) {
    int[] text = text(300);
    TokenSignal surprisals = new TokenSignal(0);
    surprisals.append(Float.NaN);
    // A budget that covers everything, so that the surprisals are those of full attention.
    ReadingSettings settings = settings(PolicyName.EM_LLM, 400, StorageType.FP32);
    try (SequenceMemory full =
        memories.fresh(settings(PolicyName.FULL, 0, StorageType.FP32), answering(0))) {
      for (int i = 0; i + 1 < text.length; i++) {
        float[] logits = read(full, new int[] {text[i]});
        double sum = 0;
        for (float logit : logits) {
          sum += Math.exp(logit);
        }
        surprisals.append((float) (Math.log(sum) - logits[text[i + 1]]));
      }
    }
    Band band = new Band(16, 4);
    band.append(new float[300 * 16], 300);
    List<Integer> expected =
        Segmenter.of(settings.spansOfPolicy(), surprisals, 0).closable(band, 4, 300).stream()
            .map(SpanRange::end)
            .toList();
    for (List<Integer> ends : spanEnds(settings, chunk)) {
      assertThat(ends).hasSizeGreaterThan(25).isEqualTo(expected.subList(0, ends.size()));
    }
  }

  @Test
  void layersOfAGroupShareAPartitionAndOthersDoNot() {
    ReadingSettings grouped =
        new ReadingSettings(
            PolicyName.LTRI,
            4,
            24,
            CHUNK,
            40,
            8,
            8,
            new SpanSettings(
                2,
                8,
                1,
                0,
                4,
                ThetaForm.BAND,
                0.01,
                Cutting.DEFAULT,
                VectorForm.DYNAMIC,
                decoder.shape().layers()),
            StorageType.BF16);
    List<List<Integer>> shared = spanEnds(grouped, CHUNK);
    assertThat(new HashSet<>(shared)).hasSize(1);
    assertThat(shared.getFirst()).hasSizeGreaterThan(30);
    List<List<Integer>> own = spanEnds(settings(PolicyName.LTRI, 40, StorageType.BF16), CHUNK);
    assertThat(new HashSet<>(own)).hasSizeGreaterThan(1);
  }

  /** Where the spans of a text of 300 tokens end, by layer. */
  private List<List<Integer>> spanEnds(ReadingSettings settings, int chunk) {
    IndexedDocument document =
        index.create(new NewDocument(memories.layout(settings), Map.of(), false, "", "", null));
    List<List<Integer>> ends = new ArrayList<>();
    try (SequenceMemory memory =
        memories.reading(settings, DEADLINE, document.id(), false, List.of(), Map.of())) {
      float[] unused = read(memory, text(300), chunk);
      memory.finish();
      for (int layer = 0; layer < decoder.shape().layers(); layer++) {
        int next = 4;
        List<Integer> layerEnds = new ArrayList<>();
        for (OffloadedSpan span : index.spans(document.id(), layer)) {
          assertThat(span.block().start()).isEqualTo(next);
          next = span.block().end();
          layerEnds.add(next);
        }
        ends.add(layerEnds);
      }
    }
    return ends;
  }

  @ParameterizedTest
  @EnumSource(PolicyName.class)
  void aDocumentContinuesFromItsTailAsIfItHadNeverBeenClosed(PolicyName policy) {
    ReadingSettings settings = settings(policy, 40, StorageType.BF16);
    int[] text = text(300);
    int[] question = new Random(8).ints(20, 0, decoder.shape().vocabulary()).toArray();
    IndexedDocument document =
        index.create(new NewDocument(memories.layout(settings), Map.of(), false, "", "", null));
    Map<String, MemorySegment> tail;
    try (SequenceMemory reading =
        memories.reading(settings, DEADLINE, document.id(), false, List.of(), Map.of())) {
      float[] unused = read(reading, text);
      reading.finish();
      tail = reading.tail();
      index.seal(document.id(), Seal.of(Map.of()), tail);
    }
    float[] expected;
    try (SequenceMemory uninterrupted = memories.fresh(settings, answering(40))) {
      float[] unused = read(uninterrupted, text);
      uninterrupted.finish();
      expected = read(uninterrupted, question);
    }
    for (int time = 0; time < 2; time++) {
      try (SequenceMemory resumed =
          memories.resume(settings, answering(40), List.of(document.id()), "", tail)) {
        assertThat(resumed.length()).isEqualTo(300);
        assertThat(furthest(expected, read(resumed, question))).isZero();
      }
    }
  }

  @Test
  void aReadingThatWasCutOffGoesOnFromItsCheckpointToTheSameBits() {
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    int[] text = text(300);
    NewDocument asked = new NewDocument(memories.layout(settings), Map.of(), false, "", "k", null);
    Map<String, MemorySegment> expected;
    IndexedDocument whole = index.create(NewDocument.ephemeral(memories.layout(settings)));
    try (SequenceMemory reading =
        memories.reading(settings, DEADLINE, whole.id(), false, List.of(), Map.of())) {
      float[] unused = read(reading, text);
      reading.finish();
      expected = reading.tail();
    }

    IndexedDocument document = index.create(asked);
    int kept = 3 * settings.chunkTokens();
    try (SequenceMemory cutOff =
        memories.reading(settings, DEADLINE, document.id(), false, List.of(), Map.of())) {
      float[] unused = read(cutOff, Arrays.copyOf(text, kept));
      Map<String, MemorySegment> resident = Objects.requireNonNull(cutOff.checkpoint());
      index.checkpoint(document.id(), kept, resident);
      float[] lost = read(cutOff, Arrays.copyOfRange(text, kept, kept + 30));
    }
    IndexedDocument again = index.create(asked);
    assertThat(again.id()).isEqualTo(document.id());
    assertThat(again.checkpointTokens()).isEqualTo(kept);
    assertThat(again.spans()).as("spans at the checkpoint").isPositive();
    Map<String, MemorySegment> tail;
    try (SequenceMemory reading =
        memories.reading(
            settings, DEADLINE, again.id(), true, List.of(), index.readTail(again.id()))) {
      assertThat(reading.length()).isEqualTo(kept);
      float[] unused = read(reading, Arrays.copyOfRange(text, kept, text.length));
      reading.finish();
      tail = reading.tail();
    }
    assertThat(tail.keySet()).isEqualTo(expected.keySet());
    expected.forEach(
        (section, bytes) ->
            assertThat(bytes.mismatch(tail.get(section))).as(section).isEqualTo(-1));
    for (int layer = 0; layer < decoder.shape().layers(); layer++) {
      assertThat(index.spans(again.id(), layer)).hasSameSizeAs(index.spans(whole.id(), layer));
    }
  }

  @Test
  void aTextThatContinuesADocumentSearchesBoth() {
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    int[] text = text(300);
    int[] more = new Random(9).ints(120, 0, decoder.shape().vocabulary()).toArray();
    float[] expected;
    try (SequenceMemory uninterrupted = memories.fresh(settings, answering(40))) {
      float[] unused = read(uninterrupted, text);
      uninterrupted.finish();
      expected = read(uninterrupted, more);
    }
    IndexedDocument parent = index.create(NewDocument.ephemeral(memories.layout(settings)));
    Map<String, MemorySegment> tail;
    try (SequenceMemory reading =
        memories.reading(settings, DEADLINE, parent.id(), false, List.of(), Map.of())) {
      float[] unused = read(reading, text);
      reading.finish();
      tail = reading.tail();
    }
    int parentSpans = index.spans(parent.id(), 0).size();
    IndexedDocument child =
        index.create(
            new NewDocument(memories.layout(settings), Map.of(), false, "", "", parent.id()));
    assertThat(child.ancestors()).containsExactly(parent.id());
    try (SequenceMemory reading =
        memories.reading(settings, DEADLINE, child.id(), false, child.ancestors(), tail)) {
      assertThat(furthest(expected, read(reading, more))).isZero();
    }
    assertThat(index.spans(parent.id(), 0)).hasSize(parentSpans);
    assertThat(index.spans(child.id(), 0)).isNotEmpty();
  }

  @Test
  void aShortTextHasATailAndNoSpans() {
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    IndexedDocument document =
        index.create(new NewDocument(memories.layout(settings), Map.of(), false, "", "", null));
    Map<String, MemorySegment> tail;
    try (SequenceMemory reading =
        memories.reading(settings, DEADLINE, document.id(), false, List.of(), Map.of())) {
      float[] unused = read(reading, text(3));
      reading.finish();
      tail = reading.tail();
    }
    index.seal(document.id(), Seal.of(Map.of()), tail);
    int[] question = {5, 6, 7, 8, 9, 10};
    try (SequenceMemory resumed = memories.resume(settings, answering(40), List.of(), "", tail);
        SequenceMemory full =
            memories.fresh(settings(PolicyName.FULL, 0, StorageType.BF16), answering(0))) {
      float[] unused = read(full, text(3));
      assertThat(furthest(read(full, question), read(resumed, question))).isLessThan(1e-4f);
      assertThat(resumed.figures().lookups()).isZero();
    }
  }

  @Test
  void aSequencesOwnSpansAreDeletedWithIt() {
    int before = index.size();
    try (SequenceMemory memory =
        memories.fresh(settings(PolicyName.LTRI, 40, StorageType.BF16), answering(40))) {
      float[] unused = read(memory, text(100));
      assertThat(index.size()).isEqualTo(before + 1);
    }
    assertThat(index.size()).isEqualTo(before);
  }

  @Test
  void aMissedLookupIsCountedWhileAnsweringAndEndsAReading() {
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    try (SequenceMemory memory = memories.fresh(settings, answering(40))) {
      float[] unused = read(memory, text(100));
      index.failLookupsWith = "the index sleeps";
      float[] stillAnswers = read(memory, new int[] {1});
      assertThat(stillAnswers).hasSize(decoder.shape().vocabulary());
      assertThat(memory.figures().lookupsMissed()).isEqualTo(decoder.shape().layers());
      assertThat(memory.figures().firstMiss()).isEqualTo("the index sleeps");
    }
    IndexedDocument document =
        index.create(new NewDocument(memories.layout(settings), Map.of(), false, "", "", null));
    try (SequenceMemory reading =
        memories.reading(
            settings, Duration.ofMillis(50), document.id(), false, List.of(), Map.of())) {
      assertThatThrownBy(() -> read(reading, text(100)))
          .isInstanceOf(IndexException.class)
          .hasMessage("the index sleeps");
    }
  }

  @Test
  void settingsThatDoNotFitTheTrainedLengthAreRefusedByName() {
    assertThatThrownBy(() -> settings(PolicyName.LTRI, 40, StorageType.BF16).requireFits(64, 40))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("trained for 64 tokens")
        .hasMessageContaining("window-tokens 24");
  }

  @Test
  void aTailOfAnotherShapeIsRefused() {
    ReadingSettings settings = settings(PolicyName.LTRI, 40, StorageType.BF16);
    IndexedDocument document =
        index.create(new NewDocument(memories.layout(settings), Map.of(), false, "", "", null));
    assertThatThrownBy(
            () ->
                memories.resume(
                    settings,
                    answering(40),
                    List.of(document.id()),
                    "",
                    Map.of("layer/0", MemorySegment.ofArray(new byte[100]))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("layer/0");
    assertThat(List.of(document.id())).isNotEmpty();
  }
}
