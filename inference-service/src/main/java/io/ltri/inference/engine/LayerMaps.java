package io.ltri.inference.engine;

import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.SharedText;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.SpanIndex;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Pictures of one layer's attention over a piece of a text. Documents do not keep it, so the piece
 * is read once more, with some of what comes before it; what that leaves in the index is deleted at
 * once. Any thread; the model runs on the compute thread, chunk by chunk.
 */
public final class LayerMaps {

  /** Tokens before the piece that are read with it. */
  private static final int CONTEXT_TOKENS = 512;

  public static final int MOST_TOKENS = 400;

  /**
   * One layer's attention over a piece of a text, and the spans it was cut into.
   *
   * @param layers of the model
   * @param from token of the text at which the piece begins
   * @param firstColumn token of the text before which nothing is shown: the sink, or what was not
   *     read with the piece
   * @param width how far a token looks back, in tokens, itself included
   * @param band as {@link LayerWatch.Piece} has it
   * @param tokens their texts
   * @param spans their positions are tokens of the text
   */
  public record LayerMap(
      int layer,
      int layers,
      int from,
      int firstColumn,
      int width,
      List<List<Double>> band,
      List<String> tokens,
      List<LayerWatch.Span> spans) {}

  private final LanguageModel model;
  private final Memories memories;
  private final SpanIndex index;
  private final ComputeThread compute;
  private final ReadingSettings settings;
  private final Duration lookupDeadline;

  /**
   * @param settings with which documents are read; where their policy cuts no spans, the method's
   * @param lookupDeadline of a look-up while reading
   */
  public LayerMaps(
      LanguageModel model,
      Memories memories,
      SpanIndex index,
      ComputeThread compute,
      ReadingSettings settings,
      Duration lookupDeadline) {
    this.model = model;
    this.memories = memories;
    this.index = index;
    this.compute = compute;
    this.settings = settings.policy().usesIndex() ? settings : settings.with(PolicyName.LTRI);
    this.lookupDeadline = lookupDeadline;
  }

  /** Of a document. */
  public LayerMap of(
      IndexedDocument document, int layer, int from, int most, BooleanSupplier cancelled) {
    int[] tokens =
        TokenBuffer.ofTail(index.readTail(document.id(), List.of(Documents.TOKENS_SECTION)))
            .toArray();
    return of(tokens, layer, from, most, cancelled);
  }

  /** Of a text, as if it were read as a document. */
  public LayerMap of(String text, int layer, int from, int most, BooleanSupplier cancelled) {
    TokenBuffer tokens = new TokenBuffer();
    tokens.append(model.documentPrefix(""));
    tokens.append(model.tokenizer().encodeText(text));
    return of(tokens.toArray(), layer, from, most, cancelled);
  }

  /**
   * @param tokens of the whole text
   * @param layer from 0
   * @param from token at or after which the piece begins, with the first span that does
   * @param most tokens of the piece, which ends with a span
   * @param cancelled asked before each chunk
   * @throws IllegalArgumentException if there is no such layer or piece, or it has no spans because
   *     the text ends in the window there
   * @throws RequestException when it is cancelled
   */
  private LayerMap of(int[] tokens, int layer, int from, int most, BooleanSupplier cancelled) {
    if (most < 1 || most > MOST_TOKENS) {
      throw new IllegalArgumentException(
          "tokens is %d but must be in [1, %d]".formatted(most, MOST_TOKENS));
    }
    if (from < 0 || from >= tokens.length) {
      throw new IllegalArgumentException(
          "from is %d but must be in [0, %d), the tokens of the text"
              .formatted(from, tokens.length));
    }
    int sink = Math.min(settings.sinkTokens(), tokens.length);
    int start = Math.max(sink, from - CONTEXT_TOKENS);
    int longest = settings.spans().longest();
    int end = Math.min(tokens.length, from + most + 3 * longest + settings.windowTokens());
    TokenBuffer read = new TokenBuffer();
    read.append(Arrays.copyOf(tokens, sink));
    read.append(Arrays.copyOfRange(tokens, start, end));
    int shift = start - sink;
    int layers = model.decoder().shape().layers();
    LayerWatch watch = new LayerWatch(settings, layers, layer, Math.max(sink, from - shift), most);
    read(read.toArray(), watch, cancelled);
    LayerWatch.Piece piece = watch.piece(end);
    int first = piece.from() + shift;
    List<LayerWatch.Span> spans = new ArrayList<>();
    for (LayerWatch.Span span : piece.spans()) {
      spans.add(
          new LayerWatch.Span(
              span.start() + shift, span.end() + shift, span.score(), span.confidence()));
    }
    List<String> texts = new ArrayList<>();
    for (int token = first; token < piece.end() + shift; token++) {
      texts.add(new String(model.tokenizer().bytes(tokens[token]), StandardCharsets.UTF_8));
    }
    return new LayerMap(layer, layers, first, start, watch.width(), piece.band(), texts, spans);
  }

  private void read(int[] tokens, LayerWatch watch, BooleanSupplier cancelled) {
    SharedText text = compute.run(() -> memories.shared(settings, lookupDeadline, watch));
    try {
      int chunk = settings.chunkTokens();
      for (int at = 0; at < tokens.length; at += chunk) {
        if (cancelled.getAsBoolean()) {
          throw new RequestException(
              RequestException.Reason.CANCELLED, "the request was cancelled");
        }
        int[] next = Arrays.copyOfRange(tokens, at, Math.min(tokens.length, at + chunk));
        float[] unused =
            compute.pass(
                new SequencePass(
                    model.decoder(), text.reading(), next, false, "", true, () -> true));
      }
      compute.run(() -> text.reading().finish());
    } finally {
      compute.run(text::close);
    }
  }
}
