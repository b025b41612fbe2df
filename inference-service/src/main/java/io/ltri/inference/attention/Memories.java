package io.ltri.inference.attention;

import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.BlockLayout;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.SpanIndex;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.DecoderShape;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Makes the memory of a sequence under the policy that its settings name. */
public final class Memories {
  private final Decoder decoder;
  private final SpanIndex index;
  private final BlockCache cache;
  private final Executor sender;

  /**
   * @param sender runs the calls that send spans to the index
   */
  public Memories(Decoder decoder, SpanIndex index, BlockCache cache, Executor sender) {
    this.decoder = decoder;
    this.index = index;
    this.cache = cache;
    this.sender = sender;
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
    if (settings.policy() != PolicyName.LTRI) {
      return new ResidentMemory(decoder, settings);
    }
    AnsweringSettings strict =
        new AnsweringSettings(settings.budgetTokens(), lookupDeadline, true, settings.lookup());
    return new LtriMemory(
        decoder,
        settings,
        strict,
        index,
        cache,
        sender,
        null,
        () -> documentId,
        () -> {},
        Map.of());
  }

  /**
   * A memory for a text of which nothing was read. Its spans go into a document of its own, deleted
   * with it.
   */
  public SequenceMemory fresh(ReadingSettings settings, AnsweringSettings answering) {
    if (settings.policy() != PolicyName.LTRI) {
      return new ResidentMemory(decoder, settings);
    }
    return withDelta(settings, answering, null, Map.of());
  }

  /**
   * A memory that goes on where a sealed document ends. The document does not change.
   *
   * @throws IllegalArgumentException if the tail does not fit the model and settings
   */
  public SequenceMemory resume(
      ReadingSettings settings,
      AnsweringSettings answering,
      IndexedDocument document,
      Map<String, MemorySegment> tail) {
    if (settings.policy() != PolicyName.LTRI) {
      return new ResidentMemory(decoder, settings, tail);
    }
    return withDelta(settings, answering, document.spans() > 0 ? document.id() : null, tail);
  }

  private SequenceMemory withDelta(
      ReadingSettings settings,
      AnsweringSettings answering,
      @Nullable String baseId,
      Map<String, MemorySegment> tail) {
    Delta delta = new Delta(index, layout(settings), cache);
    return new LtriMemory(
        decoder, settings, answering, index, cache, sender, baseId, delta::id, delta::delete, tail);
  }
}
