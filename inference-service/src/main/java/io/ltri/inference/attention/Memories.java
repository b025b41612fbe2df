package io.ltri.inference.attention;

import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BlockLayout;
import io.ltri.inference.retrieval.SpanIndex;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.DecoderShape;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
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
   *
   * @param started the document may have spans already: the reading goes on
   * @param bases documents with spans that the text continues, in text order
   * @param tail to continue from; empty at the start of a text
   */
  public SequenceMemory reading(
      ReadingSettings settings,
      Duration lookupDeadline,
      String documentId,
      boolean started,
      List<String> bases,
      Map<String, MemorySegment> tail) {
    AnsweringSettings strict = strict(settings, lookupDeadline);
    if (!settings.policy().usesIndex()) {
      return inProcess(settings, strict, tail);
    }
    return ltri(settings, strict, bases, OwnSpans.building(documentId, started), tail);
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
    Delta spans = new Delta(index, layout(settings), cache, "", null);
    LtriMemory reading = ltri(settings, strict, List.of(), borrowed(spans), Map.of());
    if (watch != null) {
      reading.watchedBy(watch);
    }
    return new SharedText(
        reading,
        (answering, tail) -> {
          String id = spans.idIfMade();
          // The text is not sealed, so that nothing can be sealed that continues it.
          return ltri(
              settings,
              answering,
              id == null ? List.of() : List.of(id),
              new Delta(index, layout(settings), cache, "", null),
              tail);
        },
        spans::end);
  }

  /** The same, but for the end: others read on when the memory that filled it is closed. */
  private static OwnSpans borrowed(OwnSpans spans) {
    return new OwnSpans() {
      @Override
      public String id() {
        return spans.id();
      }

      @Override
      public @Nullable String idIfMade() {
        return spans.idIfMade();
      }

      @Override
      public void lost(String id) {
        spans.lost(id);
      }

      @Override
      public void keep() {}

      @Override
      public void end() {}
    };
  }

  /**
   * A memory for a text of which nothing was read. Its spans go into a document of its own, deleted
   * with it.
   *
   * @param tenant whose bytes these are in the index
   */
  public SequenceMemory fresh(
      ReadingSettings settings, AnsweringSettings answering, String tenant) {
    if (!settings.policy().usesIndex()) {
      return inProcess(settings, answering, Map.of());
    }
    return withDelta(settings, answering, List.of(), tenant, Map.of());
  }

  /** The same, of nobody in particular. */
  public SequenceMemory fresh(ReadingSettings settings, AnsweringSettings answering) {
    return fresh(settings, answering, "");
  }

  /**
   * A memory that goes on where a text ends that was read before. What is there does not change.
   *
   * @param bases sealed documents with the text's spans, in text order
   * @param tenant whose bytes the sequence's own spans are in the index
   * @param tail what was resident at the end
   * @throws IllegalArgumentException if the tail does not fit the model and settings
   */
  public SequenceMemory resume(
      ReadingSettings settings,
      AnsweringSettings answering,
      List<String> bases,
      String tenant,
      Map<String, MemorySegment> tail) {
    if (!settings.policy().usesIndex()) {
      return inProcess(settings, answering, tail);
    }
    return withDelta(settings, answering, bases, tenant, tail);
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
      List<String> bases,
      String tenant,
      Map<String, MemorySegment> tail) {
    String parent = bases.isEmpty() ? null : bases.getLast();
    return ltri(
        settings,
        answering,
        bases,
        new Delta(index, layout(settings), cache, tenant, parent),
        tail);
  }

  private LtriMemory ltri(
      ReadingSettings settings,
      AnsweringSettings answering,
      List<String> bases,
      OwnSpans own,
      Map<String, MemorySegment> tail) {
    return new LtriMemory(
        decoder,
        trainedLength,
        settings,
        answering,
        index,
        cache,
        sender,
        sentenceEnds,
        bases,
        own,
        tail);
  }
}
