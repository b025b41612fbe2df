package io.ltri.evaluation.run;

import io.ltri.index.IndexApplication;
import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.ReadingWatch;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.GrpcSpanIndex;
import io.ltri.inference.retrieval.SpanIndex;
import io.ltri.inference.tensor.DecoderSettings;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;

/**
 * A model and a real index service in this process, without the inference service around them: an
 * evaluation looks inside and decides itself what is read and asked. Several threads may each have
 * sequences of their own.
 */
public final class Lab implements AutoCloseable {
  private static final Duration LOOKUP_DEADLINE = Duration.ofSeconds(60);
  private static final long CACHE_BYTES = 64L << 20;

  private final LanguageModel model;
  private final ConfigurableApplicationContext indexService;
  private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
  private final SpanIndex index;
  private final Memories memories;

  /**
   * @param data folder for the index; documents in it are deleted as they are done with
   */
  public Lab(Path model, DecoderSettings decoder, Path data) {
    this.model = LanguageModel.open(model, decoder);
    this.indexService =
        IndexApplication.builder()
            .run("--ltri.index.port=0", "--ltri.index.data=" + data.toAbsolutePath());
    int port = indexService.getBean(GrpcServerLifecycle.class).getPort();
    this.index = GrpcSpanIndex.connect("127.0.0.1:" + port);
    this.memories =
        new Memories(
            this.model.decoder(),
            index,
            new BlockCache(CACHE_BYTES),
            calls,
            this.model::sentenceEnds);
  }

  public LanguageModel model() {
    return model;
  }

  /** Look-ups of an evaluation fail rather than being left out. */
  static AnsweringSettings strict(AnsweringSettings answering) {
    return new AnsweringSettings(answering.budgetTokens(), LOOKUP_DEADLINE, true);
  }

  /** A text that is being read; closing it drops what the index has of it, unless it was sealed. */
  final class Reading implements AutoCloseable {
    private final ReadingSettings settings;
    private final @Nullable String documentId;
    private final SequenceMemory memory;
    private boolean sealed;

    private Reading(ReadingSettings settings, @Nullable ReadingWatch watch) {
      this.settings = settings;
      this.documentId =
          settings.policy().retrieves()
              ? index.create(memories.layout(settings), Map.of(), false).id()
              : null;
      String id = documentId == null ? "" : documentId;
      this.memory =
          watch == null
              ? memories.reading(settings, LOOKUP_DEADLINE, id)
              : memories.reading(settings, LOOKUP_DEADLINE, id, watch);
    }

    SequenceMemory memory() {
      return memory;
    }

    /** Ends the text. */
    ReadText seal() {
      memory.finish();
      Map<String, MemorySegment> tail = new LinkedHashMap<>(memory.tail());
      boolean spans = documentId != null && index.seal(documentId, Map.of(), tail).spans() > 0;
      sealed = true;
      return new ReadText(Lab.this, settings, documentId, spans, tail);
    }

    @Override
    public void close() {
      memory.close();
      if (!sealed && documentId != null) {
        index.delete(documentId);
      }
    }
  }

  Reading begin(ReadingSettings settings) {
    return new Reading(settings, null);
  }

  /** Reads tokens, in chunks, as documents are read. */
  public ReadText read(ReadingSettings settings, int[] tokens) {
    return read(new Reading(settings, null), tokens);
  }

  /**
   * As {@link #read(ReadingSettings, int[])}, with somebody looking on.
   *
   * @throws IllegalArgumentException if the policy cuts no spans
   */
  public ReadText read(ReadingSettings settings, int[] tokens, ReadingWatch watch) {
    return read(new Reading(settings, watch), tokens);
  }

  private ReadText read(Reading begun, int[] tokens) {
    try (begun) {
      int chunk = begun.settings.chunkTokens();
      for (int from = 0; from < tokens.length; from += chunk) {
        int to = Math.min(tokens.length, from + chunk);
        float[] unused = model.pass(begun.memory(), Arrays.copyOfRange(tokens, from, to), false);
      }
      return begun.seal();
    }
  }

  SequenceMemory resume(ReadText text, AnsweringSettings answering) {
    return memories.resume(
        text.settings(),
        strict(answering),
        text.hasSpans() ? text.documentId() : null,
        text.tail());
  }

  void forget(String documentId) {
    index.delete(documentId);
  }

  @Override
  public void close() {
    index.close();
    indexService.close();
    calls.close();
    model.close();
  }
}
