package io.ltri.inference.attention;

import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BlockLayout;
import io.ltri.inference.retrieval.SpanIndex;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.DecoderShape;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.BitSet;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes the memory of a sequence under the policy that its settings name. */
public final class Memories {
  private final Decoder decoder;
  private final SpanIndex index;
  private final BlockCache cache;
  private final Executor sender;
  private final Supplier<BitSet> sentenceEnds;

  /** For policies and segmenters that do not ask where sentences end. */
  public Memories(Decoder decoder, SpanIndex index, BlockCache cache, Executor sender) {
    this(
        decoder,
        index,
        cache,
        sender,
        () -> {
          throw new IllegalStateException("which tokens end a sentence is not known here");
        });
  }

  /**
   * @param sender runs the calls that send spans to the index
   * @param sentenceEnds the ids of tokens that end a sentence; asked only where they count
   */
  public Memories(
      Decoder decoder,
      SpanIndex index,
      BlockCache cache,
      Executor sender,
      Supplier<BitSet> sentenceEnds) {
    this.decoder = decoder;
    this.index = index;
    this.cache = cache;
    this.sender = sender;
    this.sentenceEnds = sentenceEnds;
  }

  public BlockLayout layout(ReadingSettings settings) {
    DecoderShape shape = decoder.shape();
    return new BlockLayout(
        shape.layers(),
        shape.queryHeads(),
        shape.kvHeads(),
        shape.headDim(),
        settings.storage().bytes(),
        (float) (1 / Math.sqrt(shape.headDim())));
  }

  /**
   * A memory that reads a text into a document that is being built; a look-up that fails ends the
   * reading.
   */
  public SequenceMemory reading(
      ReadingSettings settings, Duration lookupDeadline, String documentId) {
    if (!settings.policy().retrieves()) {
      return new ResidentMemory(decoder, settings);
    }
    AnsweringSettings strict = new AnsweringSettings(settings.budgetTokens(), lookupDeadline, true);
    return new LtriMemory(
        decoder,
        settings,
        strict,
        index,
        cache,
        sender,
        sentenceEnds,
        null,
        () -> documentId,
        () -> {},
        Map.of());
  }

  /**
   * As {@link #reading(ReadingSettings, Duration, String)}, with somebody looking on.
   *
   * @throws IllegalArgumentException if the policy cuts no spans that could be watched
   */
  public SequenceMemory reading(
      ReadingSettings settings, Duration lookupDeadline, String documentId, ReadingWatch watch) {
    SequenceMemory memory = reading(settings, lookupDeadline, documentId);
    if (!(memory instanceof LtriMemory spans)) {
      memory.close();
      throw new IllegalArgumentException(
          "policy " + settings.policy() + " cuts no spans: choose one that retrieves, as ltri");
    }
    spans.watchedBy(watch);
    return memory;
  }

  /**
   * A memory for a text of which nothing was read. Its spans go into a document of its own, deleted
   * with it.
   */
  public SequenceMemory fresh(ReadingSettings settings, AnsweringSettings answering) {
    if (!settings.policy().retrieves()) {
      return new ResidentMemory(decoder, settings);
    }
    return withDelta(settings, answering, null, Map.of());
  }

  /**
   * A memory that goes on where a text ends that was read before. What is there does not change.
   *
   * @param documentId sealed document with the text's spans; null if it has none
   * @param tail what was resident at the end
   * @throws IllegalArgumentException if the tail does not fit the model and settings
   */
  public SequenceMemory resume(
      ReadingSettings settings,
      AnsweringSettings answering,
      @Nullable String documentId,
      Map<String, MemorySegment> tail) {
    if (!settings.policy().retrieves()) {
      return new ResidentMemory(decoder, settings, tail);
    }
    return withDelta(settings, answering, documentId, tail);
  }

  private SequenceMemory withDelta(
      ReadingSettings settings,
      AnsweringSettings answering,
      @Nullable String baseId,
      Map<String, MemorySegment> tail) {
    Delta delta = new Delta(index, layout(settings), cache);
    return new LtriMemory(
        decoder,
        settings,
        answering,
        index,
        cache,
        sender,
        sentenceEnds,
        baseId,
        delta::id,
        delta::delete,
        tail);
  }
}
