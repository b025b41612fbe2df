package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.TinyLlama;
import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BruteForceIndex;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.span.Cutting;
import io.ltri.inference.span.SegmenterName;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.StorageType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sequences alone, in one batch, and a chunk in slices; decode steps in the tensor library. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SequencePassTest {
  private static final int CHUNK = 16;
  private static final int STEPS = 12;
  private static final SpanSettings SPANS =
      new SpanSettings(2, 8, 1, 0, 4)
          .with(new Cutting(SegmenterName.DYNAMIC_PROGRAM, 0, 5, 0.5, 16));
  private final ComputeThread compute = new ComputeThread();
  private Decoder decoder;
  private BruteForceIndex index;
  private BlockCache cache;
  private List<SequenceMemory> open;

  Decoder load() {
    return TinyLlama.decoder();
  }

  @BeforeAll
  void loadModel() {
    decoder = compute.run(this::load);
  }

  @AfterAll
  void closeModel() {
    compute.run(decoder::close);
    compute.close();
  }

  @BeforeEach
  void open() {
    index = new BruteForceIndex();
    cache = new BlockCache(1 << 20);
    open = new ArrayList<>();
  }

  @AfterEach
  void close() {
    open.forEach(memory -> compute.run(memory::close));
  }

  private SequenceMemory memory(PolicyName policy) {
    return memory(policy, Duration.ofSeconds(30));
  }

  private SequenceMemory memory(PolicyName policy, Duration lookupDeadline) {
    ReadingSettings reading =
        new ReadingSettings(policy, 4, 24, CHUNK, 40, 8, 8, SPANS, StorageType.BF16);
    Memories memories =
        new Memories(decoder, index, cache, Runnable::run, SequencePassTest::sentenceEnds, 512);
    SequenceMemory memory =
        compute.run(() -> memories.fresh(reading, new AnsweringSettings(40, lookupDeadline, true)));
    open.add(memory);
    return memory;
  }

  private static BitSet sentenceEnds() {
    BitSet ends = new BitSet();
    ends.set(7);
    return ends;
  }

  private SequencePass pass(SequenceMemory memory, int... tokens) {
    return new SequencePass(decoder, memory, tokens, true, "", false, () -> true);
  }

  private int[] text(int seed) {
    return new Random(seed).ints(80 + 17 * seed, 0, decoder.shape().vocabulary()).toArray();
  }

  /** Reads a text in chunks. */
  private float[] read(SequenceMemory memory, int[] text) {
    float[] last = {};
    for (int at = 0; at < text.length; at += CHUNK) {
      int[] chunk = Arrays.copyOfRange(text, at, Math.min(text.length, at + CHUNK));
      last = compute.pass(pass(memory, chunk));
    }
    return last;
  }

  private static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }

  @ParameterizedTest
  @EnumSource(PolicyName.class)
  void everySequenceOfABatchHasTheLogitsThatItHasAlone(PolicyName policy) {
    int count = 4;
    List<List<float[]>> alone = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      SequenceMemory memory = memory(policy);
      float[] logits = read(memory, text(i));
      List<float[]> steps = new ArrayList<>();
      for (int step = 0; step < STEPS; step++) {
        logits = compute.pass(pass(memory, best(logits)));
        steps.add(logits);
      }
      alone.add(steps);
    }
    List<SequenceMemory> memories = new ArrayList<>();
    List<float[]> last = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      memories.add(memory(policy));
      last.add(read(memories.get(i), text(i)));
    }
    for (int step = 0; step < STEPS; step++) {
      List<SequencePass> passes = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        passes.add(pass(memories.get(i), best(last.get(i))));
      }
      compute.run(() -> SequencePass.together(passes));
      for (int i = 0; i < count; i++) {
        last.set(i, passes.get(i).result().join());
        assertThat(last.get(i))
            .as("sequence %s, step %s", i, step)
            .containsExactly(alone.get(i).get(step));
      }
    }
    for (int i = 0; i < count; i++) {
      assertThat(memories.get(i).figures().lookups()).isEqualTo(open.get(i).figures().lookups());
      assertThat(memories.get(i).figures().lookupsMissed()).isZero();
    }
  }

  @Test
  void allLookupsOfALayerAreSentBeforeTheFirstIsWaitedFor() {
    List<SequencePass> passes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      SequenceMemory memory = memory(PolicyName.LTRI);
      passes.add(pass(memory, best(read(memory, text(4)))));
    }
    index.asked.clear();
    index.awaited.clear();
    List<Integer> sentWhenFirstIsAwaited = new ArrayList<>();
    index.whenAwaited = () -> sentWhenFirstIsAwaited.add(index.asked.size());
    compute.run(() -> SequencePass.together(passes));
    assertThat(index.asked).hasSize(3 * decoder.shape().layers());
    assertThat(sentWhenFirstIsAwaited.getFirst()).isEqualTo(3);
  }

  @Test
  void whoFailsDropsOutAndTheOthersHaveTheirTokens() {
    SequenceMemory strict = memory(PolicyName.LTRI, Duration.ofSeconds(1));
    SequenceMemory other = memory(PolicyName.FULL);
    SequenceMemory same = memory(PolicyName.FULL);
    int next = best(read(strict, text(4)));
    read(other, text(3));
    read(same, text(3));
    float[] expected = compute.pass(pass(same, next));
    index.failLookupsWith = "the index sleeps";
    SequencePass failing = pass(strict, next);
    SequencePass going = pass(other, next);
    compute.run(() -> SequencePass.together(List.of(failing, going)));
    assertThat(going.result().join()).containsExactly(expected);
    assertThatThrownBy(() -> failing.result().join())
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(IndexException.class);
    assertThat(strict.length()).isEqualTo(text(4).length);
  }

  @Test
  void aChunkInSlicesWithStepsOfOthersBetweenIsTheChunk() {
    int[] text = text(4);
    float[] expected = read(memory(PolicyName.LTRI), text);
    SequenceMemory sliced = memory(PolicyName.LTRI);
    SequenceMemory answering = memory(PolicyName.LTRI);
    int[] token = {best(read(answering, text(3)))};
    float[] last = {};
    for (int at = 0; at < text.length; at += CHUNK) {
      SequencePass chunk =
          pass(sliced, Arrays.copyOfRange(text, at, Math.min(text.length, at + CHUNK)));
      boolean done = false;
      while (!done) {
        done = compute.run(() -> chunk.slice(1));
        token[0] = best(compute.pass(pass(answering, token[0])));
      }
      last = chunk.result().join();
    }
    assertThat(last).containsExactly(expected);
  }

  @Test
  void aChunkThatIsNoLongerWantedIsGivenUpBetweenSlices() {
    SequenceMemory memory = memory(PolicyName.FULL);
    AtomicInteger asked = new AtomicInteger();
    SequencePass chunk =
        new SequencePass(
            decoder, memory, text(1), true, "", false, () -> asked.incrementAndGet() < 2);
    assertThat(compute.run(() -> chunk.slice(1))).isFalse();
    assertThat(compute.run(() -> chunk.slice(1))).isTrue();
    assertThat(chunk.result().join()).isNull();
    assertThat(memory.length()).isZero();
  }

  @Test
  void answersFromManyThreadsHaveTheTokensThatTheyHaveAlone() {
    int count = 6;
    List<List<Integer>> alone = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      alone.add(answer(memory(PolicyName.LTRI), i));
    }
    List<CompletableFuture<List<Integer>>> together = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      SequenceMemory memory = memory(PolicyName.LTRI);
      int seed = i;
      together.add(
          CompletableFuture.supplyAsync(
              () -> answer(memory, seed), task -> Thread.ofVirtual().start(task)));
    }
    for (int i = 0; i < count; i++) {
      assertThat(together.get(i).join()).isEqualTo(alone.get(i));
    }
  }

  private List<Integer> answer(SequenceMemory memory, int seed) {
    List<Integer> tokens = new ArrayList<>();
    float[] logits = read(memory, text(seed));
    for (int step = 0; step < STEPS; step++) {
      tokens.add(best(logits));
      logits = compute.pass(pass(memory, best(logits)));
    }
    compute.ended(memory);
    return tokens;
  }
}
