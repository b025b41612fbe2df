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
  private final int trainedLength;

  /** For any length of text, and for segmenters that do not ask where sentences end. */
  public Memories(Decoder decoder, SpanIndex index, BlockCache cache, Executor sender) {
    this(
        decoder,
        index,
        cache,
        sender,
        () -> {
          throw new IllegalStateException("which tokens end a sentence is not known here");
        },
        Integer.MAX_VALUE);
  }

  /**
   * @param sender runs the calls that send spans to the index
   * @param sentenceEnds the ids of tokens that end a sentence; asked only where they count
   * @param trainedLength of the model: under positions {@code true} a text that grows beyond it is
   *     refused
   */
  public Memories(
      Decoder decoder,
      SpanIndex index,
      BlockCache cache,
      Executor sender,
      Supplier<BitSet> sentenceEnds,
      int trainedLength) {
    this.decoder = decoder;
    this.trainedLength = trainedLength;
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
   * Memory that a text takes under full attention, at most, while it grows token by token.
   *
   * @return bytes, in all layers
   */
  public long wholeTextBytes(int tokens) {
    DecoderShape shape = decoder.shape();
    long token = 2L * shape.layers() * shape.kvHeads() * shape.headDim() * Float.BYTES;
    // The arenas double when they are full.
    return 2 * token * tokens;
  }

  /**
   * A memory that reads a text into a document that is being built; a look-up that fails ends the
   * reading.
   */
  public SequenceMemory reading(
      ReadingSettings settings, Duration lookupDeadline, String documentId) {
    AnsweringSettings strict = strict(settings, lookupDeadline);
    if (!settings.policy().usesIndex()) {
      return inProcess(settings, strict, Map.of());
    }
    return new LtriMemory(
        decoder,
        trainedLength,
        settings,
        strict,
        index,
        cache,
        sender,
        sentenceEnds,
        null,
        OwnSpans.building(documentId),
        Map.of());
  }

  /** A look-up that fails while reading ends the reading. */
  private static AnsweringSettings strict(ReadingSettings settings, Duration lookupDeadline) {
    return new AnsweringSettings(settings.budgetTokens(), lookupDeadline, true, settings.lookup());
  }

  /**
   * A text that is read once and then continued by any number of sequences, under any policy and
   * without a sealed document.
   *
   * @param lookupDeadline of a look-up while reading; one that fails ends the reading
   * @param watch looks on; null: nobody does
   * @throws IllegalArgumentException if the policy cuts no spans that could be watched
   */
  public SharedText shared(
      ReadingSettings settings, Duration lookupDeadline, @Nullable ReadingWatch watch) {
    AnsweringSettings strict = strict(settings, lookupDeadline);
    if (!settings.policy().usesIndex()) {
      if (watch != null) {
        throw new IllegalArgumentException(
            "policy " + settings.policy() + " cuts no spans: choose one that retrieves, as ltri");
      }
      return new SharedText(
          inProcess(settings, strict, Map.of()),
          (answering, tail) -> inProcess(settings, answering, tail),
          () -> {});
    }
    Delta spans = new Delta(index, layout(settings), cache);
    LtriMemory reading =
        new LtriMemory(
            decoder,
            trainedLength,
            settings,
            strict,
            index,
            cache,
            sender,
            sentenceEnds,
            null,
            new OwnSpans() {
              @Override
              public String id() {
                return spans.id();
              }

              @Override
              public void lost(String id) {
                spans.lost(id);
              }

              @Override
              public void end() {}
            },
            Map.of());
    if (watch != null) {
      reading.watchedBy(watch);
    }
    return new SharedText(
        reading,
        (answering, tail) -> withDelta(settings, answering, spans.idIfMade(), tail),
        spans::end);
  }

  /**
   * A memory for a text of which nothing was read. Its spans go into a document of its own, deleted
   * with it.
   */
  public SequenceMemory fresh(ReadingSettings settings, AnsweringSettings answering) {
    if (!settings.policy().usesIndex()) {
      return inProcess(settings, answering, Map.of());
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
    if (!settings.policy().usesIndex()) {
      return inProcess(settings, answering, tail);
    }
    return withDelta(settings, answering, documentId, tail);
  }

  /**
   * @param tail to continue from; empty at the start of a text
   */
  private SequenceMemory inProcess(
      ReadingSettings settings, AnsweringSettings answering, Map<String, MemorySegment> tail) {
    return switch (settings.policy()) {
      case INFLLM ->
          new InfLlmMemory(decoder, trainedLength, settings, answering.budgetTokens(), tail);
      case ORACLE ->
          new OracleMemory(decoder, trainedLength, settings, answering.budgetTokens(), tail);
      default -> new ResidentMemory(decoder, trainedLength, settings, tail);
    };
  }

  private SequenceMemory withDelta(
      ReadingSettings settings,
      AnsweringSettings answering,
      @Nullable String baseId,
      Map<String, MemorySegment> tail) {
    Delta delta = new Delta(index, layout(settings), cache);
    return new LtriMemory(
        decoder,
        trainedLength,
        settings,
        answering,
        index,
        cache,
        sender,
        sentenceEnds,
        baseId,
        delta,
        tail);
  }
}
