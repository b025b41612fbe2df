package io.ltri.evaluation.run;

import io.ltri.index.IndexApplication;
import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.ReadingWatch;
import io.ltri.inference.attention.SharedText;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.GrpcSpanIndex;
import io.ltri.inference.retrieval.SpanIndex;
import io.ltri.inference.tensor.DecoderSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
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
            this.model::sentenceEnds,
            this.model.trainedLength());
  }

  public LanguageModel model() {
    return model;
  }

  /** Tokens of a document as it is read: what the chat template puts before it, then its text. */
  public int[] documentTokens(String text) {
    return concat(model.documentPrefix(""), model.tokenizer().encodeText(text));
  }

  static int[] concat(int[] first, int[] second) {
    int[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  /** Look-ups of an evaluation fail rather than being left out. */
  static AnsweringSettings strict(AnsweringSettings answering) {
    return new AnsweringSettings(
        answering.budgetTokens(), LOOKUP_DEADLINE, true, answering.lookup());
  }

  /** A text of which nothing was read yet; the caller closes it. */
  SharedText begin(ReadingSettings settings) {
    return memories.shared(settings, LOOKUP_DEADLINE, null);
  }

  /** Reads tokens, in chunks, as documents are read; the caller closes the text. */
  public SharedText read(ReadingSettings settings, int[] tokens) {
    return read(begin(settings), settings, tokens);
  }

  /**
   * As {@link #read(ReadingSettings, int[])}, with somebody looking on.
   *
   * @throws IllegalArgumentException if the policy cuts no spans
   */
  public SharedText read(ReadingSettings settings, int[] tokens, ReadingWatch watch) {
    return read(memories.shared(settings, LOOKUP_DEADLINE, watch), settings, tokens);
  }

  private SharedText read(SharedText text, ReadingSettings settings, int[] tokens) {
    try {
      for (int from = 0; from < tokens.length; from += settings.chunkTokens()) {
        int to = Math.min(tokens.length, from + settings.chunkTokens());
        float[] unused = model.pass(text.reading(), Arrays.copyOfRange(tokens, from, to), false);
      }
      return text;
    } catch (RuntimeException e) {
      text.close();
      throw e;
    }
  }

  @Override
  public void close() {
    index.close();
    indexService.close();
    calls.close();
    model.close();
  }
}
