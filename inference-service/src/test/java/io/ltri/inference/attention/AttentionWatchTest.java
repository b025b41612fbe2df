package io.ltri.inference.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.ltri.inference.TinyLlama;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BruteForceIndex;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a memory shows of its attention, on a tiny random model. */
class AttentionWatchTest {
  private static final int SINK = 4;
  private static final int CHUNK = 16;
  private static final int TOKENS = 200;
  private static Decoder decoder;

  @BeforeAll
  static void loadTinyModel() {
    decoder = TinyLlama.decoder();
  }

  @AfterAll
  static void close() {
    decoder.close();
  }

  /** What one layer showed in one step. */
  private record Seen(
      int layer,
      List<TokenRange> spans,
      int localStart,
      int end,
      int queries,
      List<Double> perHead) {}

  private static final class Recorder implements AttentionWatch {
    final List<Seen> seen = new ArrayList<>();
    int steps;

    @Override
    public void beginStep() {
      steps++;
    }

    @Override
    public void attended(
        int layer,
        List<TokenRange> spans,
        int localStart,
        int end,
        int queries,
        int queryHeads,
        MemorySegment received) {
      int columns =
          spans.stream().mapToInt(span -> span.end() - span.start()).sum() + end - localStart;
      assertThat(received.byteSize()).isEqualTo(4L * queryHeads * columns);
      double[] perHead = new double[queryHeads];
      for (int i = 0; i < queryHeads * columns; i++) {
        float mass = received.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        assertThat(mass).isBetween(0f, queries + 1e-4f);
        perHead[i / columns] += mass;
      }
      seen.add(
          new Seen(
              layer, spans, localStart, end, queries, Arrays.stream(perHead).boxed().toList()));
    }
  }

  private static SequenceMemory memory(PolicyName policy, int sink, PositionScheme positions) {
    ReadingSettings settings =
        new ReadingSettings(
            policy,
            sink,
            24,
            CHUNK,
            40,
            8,
            8,
            new SpanSettings(2, 8, 1, 0, 4),
            StorageType.BF16,
            positions,
            LookupSettings.DEFAULT);
    return new Memories(
            decoder,
            new BruteForceIndex(),
            new BlockCache(1 << 20),
            Runnable::run,
            BitSet::new,
            Integer.MAX_VALUE)
        .fresh(settings, new AnsweringSettings(40, Duration.ofSeconds(10), true));
  }

  /** Chunks, then steps of one token. */
  private static List<float[]> logits(SequenceMemory memory) {
    int[] text = new Random(7).ints(TOKENS, 0, decoder.shape().vocabulary()).toArray();
    List<float[]> logits = new ArrayList<>();
    int at = 0;
    while (at < text.length) {
      int to = at < TOKENS - 8 ? Math.min(TOKENS - 8, at + CHUNK) : at + 1;
      try (Step step = decoder.begin(Arrays.copyOfRange(text, at, to))) {
        memory.forward(step);
        logits.add(step.logits());
      }
      at = to;
    }
    return logits;
  }

  @Test
  void withoutASinkEachQueryGivesAllItsAttentionToWhatIsShown() {
    Recorder recorder = new Recorder();
    try (SequenceMemory memory = memory(PolicyName.LTRI, 0, PositionScheme.COMPACT)) {
      memory.showAttention(recorder);
      List<float[]> unused = logits(memory);
    }
    assertThat(recorder.seen).hasSize(recorder.steps * decoder.shape().layers());
    assertThat(recorder.seen).anyMatch(seen -> !seen.spans().isEmpty());
    for (Seen seen : recorder.seen) {
      for (double mass : seen.perHead()) {
        assertThat(mass).isCloseTo(seen.queries(), within(1e-3));
      }
    }
  }

  @Test
  void theSinkIsLeftOutAndTheRestIsLessThanAll() {
    Recorder recorder = new Recorder();
    try (SequenceMemory memory = memory(PolicyName.LTRI, SINK, PositionScheme.COMPACT)) {
      memory.showAttention(recorder);
      List<float[]> unused = logits(memory);
    }
    Seen last = recorder.seen.getLast();
    assertThat(last.spans()).isNotEmpty().allMatch(span -> span.start() >= SINK);
    assertThat(last.end()).isEqualTo(TOKENS);
    assertThat(last.perHead()).allMatch(mass -> mass > 0 && mass < 1);
  }

  @ParameterizedTest
  @EnumSource(PositionScheme.class)
  void whatIsComputedIsTheSameToTheLastBit(PositionScheme positions) {
    List<float[]> alone;
    try (SequenceMemory memory = memory(PolicyName.LTRI, SINK, positions)) {
      alone = logits(memory);
    }
    Recorder recorder = new Recorder();
    List<float[]> watched;
    try (SequenceMemory memory = memory(PolicyName.LTRI, SINK, positions)) {
      memory.showAttention(recorder);
      watched = logits(memory);
    }
    assertThat(watched).hasSameSizeAs(alone);
    for (int i = 0; i < alone.size(); i++) {
      assertThat(watched.get(i)).isEqualTo(alone.get(i));
    }
    assertThat(recorder.seen.getLast().perHead()).allMatch(mass -> mass > 0);
  }

  @Test
  void fullAttentionShowsTheWholeText() {
    Recorder recorder = new Recorder();
    try (SequenceMemory memory = memory(PolicyName.FULL, SINK, PositionScheme.COMPACT)) {
      memory.showAttention(recorder);
      List<float[]> unused = logits(memory);
    }
    Seen last = recorder.seen.getLast();
    assertThat(last.localStart()).isZero();
    assertThat(last.perHead()).allSatisfy(mass -> assertThat(mass).isCloseTo(1, within(1e-4)));
  }

  @Test
  void nobodySeesAnythingAfterTheWatchIsTakenAway() {
    Recorder recorder = new Recorder();
    try (SequenceMemory memory = memory(PolicyName.LTRI, SINK, PositionScheme.COMPACT)) {
      memory.showAttention(recorder);
      memory.showAttention(null);
      List<float[]> unused = logits(memory);
    }
    assertThat(recorder.steps).isZero();
    assertThat(recorder.seen).isEmpty();
  }
}
