package io.ltri.inference.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.inference.TinyLlama;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BruteForceIndex;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.Step;
import io.ltri.inference.tensor.StorageType;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A sequence over an index that fails in the middle. */
@Timeout(30)
class FailingIndexTest {
  private static final Duration SHORT = Duration.ofSeconds(1);
  private static final int CHUNK = 16;
  private static final int BUDGET = 40;

  private static Decoder decoder;

  private final BruteForceIndex index = new BruteForceIndex();
  private final ReadingSettings settings =
      new ReadingSettings(
          PolicyName.LTRI,
          4,
          24,
          CHUNK,
          BUDGET,
          8,
          8,
          new SpanSettings(2, 8, 1, 0, 4),
          StorageType.BF16);

  /** Calls that wait to be sent. */
  private final Queue<Runnable> held = new ArrayDeque<>();

  private boolean holds;
  private final Memories memories =
      new Memories(decoder, index, new BlockCache(1 << 20), this::execute);

  private void execute(Runnable call) {
    if (holds) {
      held.add(call);
    } else {
      call.run();
    }
  }

  @BeforeAll
  static void loadTinyModel() {
    decoder = TinyLlama.decoder();
  }

  @AfterAll
  static void close() {
    decoder.close();
  }

  private static void read(SequenceMemory memory, int tokens) {
    int[] text = new Random(7).ints(tokens, 0, decoder.shape().vocabulary()).toArray();
    for (int i = 0; i < text.length; i += CHUNK) {
      try (Step step = decoder.begin(Arrays.copyOfRange(text, i, Math.min(tokens, i + CHUNK)))) {
        memory.forward(step);
      }
    }
  }

  private SequenceMemory fresh(boolean strict) {
    return memories.fresh(settings, new AnsweringSettings(BUDGET, SHORT, strict));
  }

  private static int layers() {
    return decoder.shape().layers();
  }

  @Test
  void aStreamThatBreaksOnceIsAskedAgainAndNothingIsMissed() {
    try (SequenceMemory memory = fresh(false)) {
      read(memory, 100);
      index.brokenLookups.set(1);
      read(memory, 1);
      assertThat(memory.figures().lookupsMissed()).isZero();
      index.brokenLookups.set(2);
      read(memory, 1);
      assertThat(memory.figures().lookupsMissed()).isEqualTo(1);
    }
  }

  @Test
  void whereAFailureWouldEndTheSequenceALookUpIsRepeatedUntilItsDeadline() {
    try (SequenceMemory memory = fresh(true)) {
      read(memory, 100);
      index.brokenLookups.set(3);
      read(memory, 1);
      assertThat(memory.figures().lookupsMissed()).isZero();
      index.brokenLookups.set(Integer.MAX_VALUE);
      assertThatThrownBy(() -> read(memory, 1)).hasMessage("the stream broke");
      assertThat(memory.figures().lookupsMissed()).isEqualTo(1);
    }
  }

  @Test
  void aDamagedBlockIsDoneWithoutAndNamedAndTheOthersAreUsed() {
    try (SequenceMemory memory = fresh(false)) {
      read(memory, 100);
      long before = memory.figures().retrievedTokens();
      for (int span = 0; span < 100; span += 2) {
        index.damagedSpans.add(span);
      }
      // What was fetched before is in the cache.
      try (SequenceMemory other = fresh(false)) {
        read(other, 100);
        assertThat(other.figures().blocksDamaged()).isPositive();
        assertThat(other.figures().lookupsMissed()).isBetween(1L, other.figures().lookups());
        assertThat(other.figures().firstMiss()).contains("block").contains("checksum differs");
        assertThat(other.figures().spansFetched()).isPositive();
        for (int layer = 0; layer < layers(); layer++) {
          assertThat(other.attended(layer)).isNotEmpty();
        }
        long known = other.figures().blocksDamaged();
        long missed = other.figures().lookupsMissed();
        read(other, 1);
        read(other, 1);
        assertThat(other.figures().blocksDamaged() - known).isLessThanOrEqualTo(known);
        assertThat(other.figures().lookupsMissed() - missed).isLessThanOrEqualTo(2L * layers());
      }
      assertThat(before).isPositive();
    }
  }

  @Test
  void aDamagedBlockEndsAStrictSequence() {
    for (int span = 0; span < 100; span++) {
      index.damagedSpans.add(span);
    }
    try (SequenceMemory memory = fresh(true)) {
      assertThatThrownBy(() -> read(memory, 100))
          .isInstanceOfSatisfying(
              IndexException.class,
              e -> assertThat(e.reason()).isEqualTo(IndexException.Reason.DAMAGED));
    }
  }

  @Test
  void spansThatCannotBeSentAreCountedAsLostAndTheSequenceGoesOn() {
    index.failAppendsWith = "no room";
    try (SequenceMemory memory = fresh(false)) {
      read(memory, 100);
      RetrievalFigures figures = memory.figures();
      assertThat(figures.spansLost()).isPositive();
      assertThat(figures.lookupsMissed()).isBetween(1L, figures.lookups());
      assertThat(figures.firstMiss()).isEqualTo("no room");
      assertThat(figures.failures()).containsOnlyKeys(IndexException.Reason.UNAVAILABLE);
    }
  }

  @Test
  void spansThatArriveLateAreMissedUntilTheyAreThereAndNotLost() {
    try (SequenceMemory memory = fresh(false)) {
      holds = true;
      read(memory, 64);
      assertThat(memory.figures().spansOffloaded()).isPositive();
      read(memory, 1);
      long late = memory.figures().lookupsMissed();
      assertThat(late).isPositive();
      holds = false;
      held.forEach(Runnable::run);
      held.clear();
      read(memory, 1);
      assertThat(memory.figures().lookupsMissed()).isEqualTo(late);
      assertThat(memory.figures().spansLost()).isZero();
      assertThat(memory.figures().retrievedTokens()).isPositive();
    }
    assertThat(index.size()).isZero();
  }

  @Test
  void anIndexThatHasForgottenASequencesSpansGetsTheNextOnesIntoANewDocument() {
    try (SequenceMemory memory = fresh(false)) {
      read(memory, 100);
      long before = memory.figures().spansOffloaded();
      index.deleteAll();
      read(memory, 1);
      assertThat(memory.figures().spansLost()).isEqualTo(before);
      assertThat(memory.figures().lookupsMissed()).isPositive();
      read(memory, 100);
      long missed = memory.figures().lookupsMissed();
      assertThat(index.size()).isEqualTo(1);
      read(memory, 1);
      assertThat(memory.figures().lookupsMissed()).isEqualTo(missed);
    }
    assertThat(index.size()).isZero();
  }

  @Test
  void aSequenceThatEndedMakesNoDocumentForSpansThatComeLate() {
    try (SequenceMemory memory = fresh(false)) {
      holds = true;
      read(memory, 64);
    }
    holds = false;
    // The end of the sequence was the last to be held; here it overtakes the spans.
    Runnable end = ((ArrayDeque<Runnable>) held).removeLast();
    end.run();
    held.forEach(Runnable::run);
    assertThat(index.size()).isZero();
  }
}
