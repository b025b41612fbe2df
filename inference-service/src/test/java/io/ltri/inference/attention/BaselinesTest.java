package io.ltri.inference.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BruteForceIndex;
import io.ltri.inference.retrieval.NewDocument;
import io.ltri.inference.retrieval.SpanBlock;
import io.ltri.inference.span.Cutting;
import io.ltri.inference.span.SegmenterName;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.tensor.BruteForceDecoder;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.DecoderSettings;
import io.ltri.inference.tensor.DecoderShape;
import io.ltri.inference.tensor.Precision;
import io.ltri.inference.tensor.RandomModel;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Baselines and position schemes on a tiny random model against their rules in loops. */
@Tag("slow")
class BaselinesTest {
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final SpanSettings SPANS =
      new SpanSettings(2, 8, 1, 0, 4)
          .with(new Cutting(SegmenterName.DYNAMIC_PROGRAM, 0, 5, 0.5, 16));
  private static final int SINK = 5;
  private static final int WINDOW = 48;
  private static final int CHUNK = 40;
  private static final int LOOKUP_QUERIES = 8;
  private static final double TOLERANCE = 5e-4;

  private static final RandomModel MODEL =
      RandomModel.of(
          RandomModel.shape(2, 32, 4, 2, 8, 48, 61, false, false, false, true), 20250301);
  private static Decoder decoder;

  private final BruteForceIndex index = new BruteForceIndex();
  private final Memories memories =
      new Memories(
          decoder, index, new BlockCache(1 << 20), Runnable::run, BitSet::new, Integer.MAX_VALUE);

  @BeforeAll
  static void load() {
    decoder = Decoder.load(MODEL.shape(), MODEL, new DecoderSettings("cpu", Precision.FP32, 1));
  }

  @AfterAll
  static void close() {
    decoder.close();
  }

  private static ReadingSettings settings(PolicyName policy, int budget, PositionScheme positions) {
    return new ReadingSettings(
        policy,
        SINK,
        WINDOW,
        CHUNK,
        budget,
        8,
        LOOKUP_QUERIES,
        SPANS,
        StorageType.FP32,
        positions,
        LookupSettings.DEFAULT);
  }

  private static AnsweringSettings answering(int budget) {
    return new AnsweringSettings(budget, DEADLINE, true);
  }

  /** Ends of chunks of a text, of which the last tokens come one by one. */
  private static int[] chunkEnds(int read, int decoded) {
    return IntStream.concat(
            IntStream.iterate(CHUNK, end -> end < read + CHUNK, end -> end + CHUNK)
                .map(end -> Math.min(end, read)),
            IntStream.rangeClosed(read + 1, read + decoded))
        .toArray();
  }

  /**
   * @param retrieved of a layer, asked after each chunk
   * @param picked null, or filled with [layer][chunk]
   * @return logits of all tokens
   */
  private static float[] run(
      SequenceMemory memory,
      int[] tokens,
      int[] chunkEnds,
      IntFunction<List<Integer>> retrieved,
      List<List<List<Integer>>> picked) {
    int vocabulary = MODEL.shape().vocabulary();
    float[] logits = new float[tokens.length * vocabulary];
    for (int l = 0; l < MODEL.shape().layers(); l++) {
      picked.add(new ArrayList<>());
    }
    int start = 0;
    for (int end : chunkEnds) {
      try (Step step = decoder.begin(Arrays.copyOfRange(tokens, start, end))) {
        memory.forward(step);
        float[] rows = step.allLogits();
        System.arraycopy(rows, 0, logits, start * vocabulary, rows.length);
      }
      for (int l = 0; l < picked.size(); l++) {
        picked.get(l).add(retrieved.apply(l));
      }
      start = end;
    }
    assertThat(start).isEqualTo(tokens.length);
    return logits;
  }

  private static float[] run(SequenceMemory memory, int[] tokens, int[] chunkEnds) {
    return run(memory, tokens, chunkEnds, layer -> List.of(), new ArrayList<>());
  }

  private static double furthest(float[] found, double[][] expected) {
    int width = expected[0].length;
    return IntStream.range(0, found.length)
        .mapToDouble(i -> Math.abs(found[i] - expected[i / width][i % width]))
        .max()
        .orElseThrow();
  }

  private static List<Integer> tokens(List<SpanBlock> blocks) {
    return blocks.stream()
        .flatMap(block -> IntStream.range(block.start(), block.end()).boxed())
        .toList();
  }

  @Test
  void infLlmPicksTheBlocksOfItsPublishedRule() {
    int[] ends = chunkEnds(900, 30);
    int[] text = MODEL.tokens(930, 1);
    int topk = 2;
    PublishedInfLlm published = new PublishedInfLlm(MODEL.shape(), SINK, WINDOW, topk, ends);
    double[][] expected =
        new BruteForceDecoder(MODEL, published).run(text, StorageType.FP32).logits();
    List<List<List<Integer>>> picked = new ArrayList<>();
    try (InfLlmMemory memory =
        (InfLlmMemory)
            memories.fresh(
                settings(PolicyName.INFLLM, 300, PositionScheme.COMPACT), answering(300))) {
      float[] found =
          run(
              memory,
              text,
              ends,
              layer -> memory.retrieved(layer).stream().map(SpanBlock::start).toList(),
              picked);
      assertThat(picked).isEqualTo(published.picked);
      assertThat(furthest(found, expected)).isLessThan(TOLERANCE);
    }
    for (List<List<Integer>> layer : published.picked) {
      assertThat(layer.stream().distinct().count()).as("choices differ").isGreaterThan(5);
      assertThat(layer.getLast()).hasSize(topk);
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 1", "127, 1", "128, 1", "255, 1", "256, 2"})
  void infLlmTakesWholeBlocksOneAtLeast(int budget, int blocks) {
    try (InfLlmMemory memory =
        (InfLlmMemory)
            memories.fresh(
                settings(PolicyName.INFLLM, budget, PositionScheme.COMPACT), answering(budget))) {
      float[] unused = run(memory, MODEL.tokens(600, 2), chunkEnds(600, 0));
      assertThat(memory.retrieved(0)).hasSize(blocks);
      assertThat(memory.retrieved(0)).allMatch(block -> block.tokens() == 128);
    }
  }

  @ParameterizedTest
  @EnumSource(PositionScheme.class)
  void oracleTakesTheTokensWithTheMostAttention(PositionScheme positions) {
    int[] ends = chunkEnds(300, 30);
    int[] text = MODEL.tokens(330, 3);
    int budget = 20;
    ReadingSettings settings = settings(PolicyName.ORACLE, budget, positions);
    BruteForceOracle brute = new BruteForceOracle(MODEL.shape(), settings, budget, ends);
    double[][] expected = new BruteForceDecoder(MODEL, brute).run(text, StorageType.FP32).logits();
    List<List<List<Integer>>> picked = new ArrayList<>();
    try (OracleMemory memory = (OracleMemory) memories.fresh(settings, answering(budget))) {
      float[] found = run(memory, text, ends, layer -> tokens(memory.retrieved(layer)), picked);
      assertThat(picked).isEqualTo(brute.picked);
      assertThat(furthest(found, expected)).isLessThan(TOLERANCE);
    }
    assertThat(brute.picked.getFirst().stream().distinct().count()).isGreaterThan(20);
  }

  @ParameterizedTest
  @EnumSource(PositionScheme.class)
  void streamingEqualsItsRule(PositionScheme positions) {
    int[] ends = chunkEnds(200, 10);
    int[] text = MODEL.tokens(210, 4);
    ReadingSettings settings = settings(PolicyName.STREAMING, 0, positions);
    double[][] expected =
        new BruteForceDecoder(MODEL, new BruteForceOracle(MODEL.shape(), settings, 0, ends))
            .run(text, StorageType.FP32)
            .logits();
    try (SequenceMemory memory = memories.fresh(settings, answering(0))) {
      assertThat(furthest(run(memory, text, ends), expected)).isLessThan(TOLERANCE);
    }
  }

  /** With everything retrieved, what is retrieved does not matter, only where it stands. */
  @ParameterizedTest
  @CsvSource({"LTRI, FIXED", "LTRI, COMPACT", "LTRI, TRUE", "ORACLE, FIXED", "ORACLE, TRUE"})
  void withEverythingRetrievedOnlyPositionsCount(PolicyName policy, PositionScheme positions) {
    int[] ends = chunkEnds(300, 20);
    int[] text = MODEL.tokens(320, 5);
    DecoderShape shape = MODEL.shape();
    BruteForceDecoder.Rule rule =
        (layer, queries, keys) -> {
          double[][][] rows = new double[queries.length][text.length][text.length];
          for (int h = 0; h < rows.length; h++) {
            double[][] own = keys[h * keys.length / rows.length];
            for (int t = 0; t < text.length; t++) {
              Arrays.fill(rows[h][t], Double.NEGATIVE_INFINITY);
              for (int j = 0; j <= t; j++) {
                boolean distant = positions == PositionScheme.FIXED && t - j >= WINDOW;
                rows[h][t][j] =
                    BruteForceDecoder.score(
                        shape, queries[h][t], distant ? WINDOW : t, own[j], distant ? 0 : j);
              }
              BruteForceDecoder.softmax(rows[h][t]);
            }
          }
          return rows;
        };
    double[][] expected = new BruteForceDecoder(MODEL, rule).run(text, StorageType.FP32).logits();
    try (SequenceMemory memory = memories.fresh(settings(policy, 400, positions), answering(400))) {
      assertThat(furthest(run(memory, text, ends), expected)).isLessThan(TOLERANCE);
    }
  }

  @ParameterizedTest
  @EnumSource(PolicyName.class)
  void severalSequencesGoOnFromOneText(PolicyName policy) {
    ReadingSettings settings = settings(policy, 130, PositionScheme.COMPACT);
    int[] text = MODEL.tokens(500, 6);
    int[] question = MODEL.tokens(30, 7);
    int[] questionEnds = chunkEnds(20, 10);
    int before = index.size();
    float[] expected;
    try (SequenceMemory uninterrupted = memories.fresh(settings, answering(130))) {
      float[] unused = run(uninterrupted, text, chunkEnds(500, 0));
      uninterrupted.finish();
      expected = run(uninterrupted, question, questionEnds);
    }
    try (SharedText shared = memories.shared(settings, DEADLINE, null)) {
      float[] unused = run(shared.reading(), text, chunkEnds(500, 0));
      try (SequenceMemory one = shared.fork(answering(130));
          SequenceMemory other = shared.fork(answering(260))) {
        float[] another = run(other, question, questionEnds);
        assertThat(one.length()).isEqualTo(500);
        assertThat(run(one, question, questionEnds)).isEqualTo(expected);
        if (policy != PolicyName.FULL && policy != PolicyName.STREAMING) {
          assertThat(another).as("with twice the budget").isNotEqualTo(expected);
        }
      }
      try (SequenceMemory again = shared.fork(answering(130))) {
        assertThat(run(again, question, questionEnds)).isEqualTo(expected);
      }
      assertThatThrownBy(shared::reading).isInstanceOf(IllegalStateException.class);
    }
    assertThat(index.size()).isEqualTo(before);
  }

  @ParameterizedTest
  @EnumSource(
      value = PolicyName.class,
      names = {"INFLLM", "ORACLE"})
  void aTailThatLacksASectionOrIsCutIsRefused(PolicyName policy) {
    ReadingSettings settings = settings(policy, 130, PositionScheme.COMPACT);
    Map<String, MemorySegment> tail;
    try (SequenceMemory memory = memories.fresh(settings, answering(130))) {
      float[] unused = run(memory, MODEL.tokens(300, 8), chunkEnds(300, 0));
      tail = memory.tail();
    }
    var document =
        index.create(new NewDocument(memories.layout(settings), Map.of(), false, "", "", null));
    for (String section : tail.keySet()) {
      Map<String, MemorySegment> without = new LinkedHashMap<>(tail);
      without.remove(section);
      assertThatThrownBy(
              () -> memories.resume(settings, answering(130), List.of(document.id()), "", without))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("lacks section " + section);
      MemorySegment whole = Objects.requireNonNull(tail.get(section));
      Map<String, MemorySegment> cut = new LinkedHashMap<>(tail);
      cut.put(section, whole.asSlice(0, whole.byteSize() - 4));
      assertThatThrownBy(
              () -> memories.resume(settings, answering(130), List.of(document.id()), "", cut))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("section " + section);
    }
  }

  @Test
  void truePositionsEndWithTheTrainedLength() {
    Memories bounded =
        new Memories(decoder, index, new BlockCache(1 << 20), Runnable::run, BitSet::new, 100);
    for (PolicyName policy : List.of(PolicyName.LTRI, PolicyName.STREAMING, PolicyName.ORACLE)) {
      try (SequenceMemory memory =
          bounded.fresh(settings(policy, 16, PositionScheme.TRUE), answering(16))) {
        float[] unused = run(memory, MODEL.tokens(100, 9), chunkEnds(100, 0));
        assertThatThrownBy(() -> run(memory, new int[] {1}, new int[] {1}))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("trained for 100 tokens")
            .hasMessageContaining("grown to 101");
      }
    }
    try (SequenceMemory compact =
        bounded.fresh(settings(PolicyName.LTRI, 16, PositionScheme.COMPACT), answering(16))) {
      assertThat(run(compact, MODEL.tokens(101, 9), chunkEnds(101, 0))).isNotEmpty();
    }
  }

  @Test
  void positionsArePartOfTheIdentityWhereThePolicyHasAChoice() {
    assertThat(settings(PolicyName.LTRI, 16, PositionScheme.COMPACT).identity())
        .containsEntry("positions", "compact");
    assertThat(settings(PolicyName.LTRI, 16, PositionScheme.FIXED).identity())
        .containsEntry("positions", "fixed");
    assertThat(settings(PolicyName.FULL, 16, PositionScheme.FIXED).identity())
        .containsEntry("positions", "compact");
    assertThat(settings(PolicyName.INFLLM, 16, PositionScheme.TRUE).identity())
        .containsEntry("positions", "fixed")
        .containsEntry("block-tokens", "128");
  }

  @Test
  void whatMustFitTheTrainedLengthDependsOnThePositions() {
    settings(PolicyName.INFLLM, 5000, PositionScheme.COMPACT).requireFits(WINDOW + CHUNK, 5000);
    settings(PolicyName.LTRI, 5000, PositionScheme.FIXED).requireFits(WINDOW + CHUNK, 5000);
    settings(PolicyName.LTRI, 5000, PositionScheme.TRUE).requireFits(WINDOW + CHUNK, 5000);
    assertThatThrownBy(
            () ->
                settings(PolicyName.INFLLM, 0, PositionScheme.COMPACT)
                    .requireFits(WINDOW + CHUNK - 1, 0))
        .hasMessageContaining("window-tokens and chunk-tokens is 88");
    settings(PolicyName.ORACLE, 20, PositionScheme.COMPACT)
        .requireFits(SINK + 30 + WINDOW + CHUNK, 30);
    assertThatThrownBy(
            () ->
                settings(PolicyName.ORACLE, 20, PositionScheme.COMPACT)
                    .requireFits(SINK + 30 + WINDOW + CHUNK - 1, 30))
        .hasMessageContaining("budget 30");
  }
}
