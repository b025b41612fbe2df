package io.ltri.inference.engine;

import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.AttentionWatch;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.RetrievalFigures;
import io.ltri.inference.attention.SequenceMemory;
import io.ltri.inference.retrieval.IndexException;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The sequence under one answer. Where the index fails for good and the request wants it so, the
 * text is prefilled again in the process under full attention, and the answer goes on from there
 * without the index. One thread at a time; the model runs on the compute thread.
 */
final class AnswerSequence implements AutoCloseable {

  private final LanguageModel model;
  private final Memories memories;
  private final ComputeThread compute;
  private final ReadingSettings reading;
  private final AnsweringSettings answering;

  /** On whose behalf. */
  private final String tenant;

  /** Tokens before the sequence's own: the document's. */
  private final int[] text;

  /**
   * That keys and values may take when the text is computed again; 0: a failure ends the answer.
   */
  private final long recomputeBytes;

  private final TokenBuffer since = new TokenBuffer();
  private final int reusedTokens;
  private final RetrievalFigures figures;
  private SequenceMemory memory;
  private @Nullable AttentionWatch watch;
  private @Nullable IndexException failure;
  private long recomputedTokens;

  /**
   * @param tenant on whose behalf
   * @param text tokens before the sequence's own: the document's
   * @param recomputeBytes that keys and values may take when the text is computed again; 0: a
   *     failure ends the answer
   * @param memory closed with this
   * @param failure if the memory cannot be used: why; it is then computed at the first run
   */
  AnswerSequence(
      LanguageModel model,
      Memories memories,
      ComputeThread compute,
      ReadingSettings reading,
      AnsweringSettings answering,
      String tenant,
      int[] text,
      long recomputeBytes,
      SequenceMemory memory,
      @Nullable IndexException failure) {
    this.model = model;
    this.memories = memories;
    this.compute = compute;
    this.reading = reading;
    this.answering = answering;
    this.tenant = tenant;
    this.text = text;
    this.recomputeBytes = recomputeBytes;
    this.memory = memory;
    this.failure = failure;
    this.figures = memory.figures();
    this.reusedTokens = memory.length();
  }

  /** From now on somebody sees what those runs attend to of which logits are wanted. */
  void watchedBy(AttentionWatch by) {
    watch = by;
  }

  int chunkTokens() {
    return reading.chunkTokens();
  }

  /** Tokens that did not have to be computed. */
  int reusedTokens() {
    return reusedTokens;
  }

  /** Tokens before the sequence's own: the document's. */
  int[] text() {
    return text;
  }

  /** How many tokens are before the sequence's own. */
  int textTokens() {
    return text.length;
  }

  RetrievalFigures figures() {
    return figures;
  }

  /** Tokens that were computed a second time because the index failed. */
  long recomputedTokens() {
    return recomputedTokens;
  }

  /**
   * One chunk or one token through the model.
   *
   * @param logits are they wanted?
   * @param mayFollow most tokens that may come after these
   * @param goesOn asked before each slice of a chunk; false: it is given up
   * @return logits of the last token, [vocabulary]; empty if not wanted; null if given up
   * @throws IndexException if the index failed and that ends the answer
   */
  float @Nullable [] run(int[] tokens, boolean logits, int mayFollow, BooleanSupplier goesOn) {
    since.append(tokens);
    IndexException failed = failure;
    if (failed == null) {
      try {
        return pass(tokens, logits, goesOn);
      } catch (IndexException e) {
        failed = e;
      }
    }
    if (recomputeBytes == 0) {
      throw failed;
    }
    requireFits(failed, mayFollow);
    return recompute(logits, goesOn);
  }

  private float @Nullable [] pass(int[] tokens, boolean logits, BooleanSupplier goesOn) {
    memory.showAttention(logits ? watch : null);
    return compute.pass(
        new SequencePass(model.decoder(), memory, tokens, logits, tenant, false, goesOn));
  }

  private void requireFits(IndexException failed, int mayFollow) {
    int sofar = text.length + since.size();
    int most = Math.addExact(sofar, mayFollow);
    String what =
        String.format(
            Locale.ROOT,
            "%s; the text cannot be computed again in its place: it has %,d tokens and up to %,d may follow",
            failed.getMessage(),
            sofar,
            mayFollow);
    if (most > model.trainedLength()) {
      throw new IndexException(
          failed.reason(),
          String.format(
              Locale.ROOT,
              "%s, and the model was trained for %,d: answer with on-index-failure degrade, or wait for the index",
              what,
              model.trainedLength()),
          failed);
    }
    long bytes = memories.wholeTextBytes(most);
    if (bytes > recomputeBytes) {
      throw new IndexException(
          failed.reason(),
          String.format(
              Locale.ROOT,
              "%s, whose keys and values take %,d bytes, %,d more than recompute-memory allows: raise it, or answer with on-index-failure degrade",
              what,
              bytes,
              bytes - recomputeBytes),
          failed);
    }
  }

  /** The text before the sequence, then its own tokens, as when they were read. */
  private float @Nullable [] recompute(boolean logits, BooleanSupplier goesOn) {
    failure = null;
    ReadingSettings whole = reading.with(PolicyName.FULL);
    compute.run(
        () -> {
          memory.close();
          memory = memories.fresh(whole, answering);
        });
    if (prefill(text, false, goesOn) == null) {
      return null;
    }
    return prefill(since.toArray(), logits, goesOn);
  }

  private float @Nullable [] prefill(int[] tokens, boolean logits, BooleanSupplier goesOn) {
    float @Nullable [] last = {};
    for (int from = 0; from < tokens.length; from += chunkTokens()) {
      int to = Math.min(tokens.length, from + chunkTokens());
      int[] chunk = Arrays.copyOfRange(tokens, from, to);
      boolean wanted = logits && to == tokens.length;
      last = pass(chunk, wanted, goesOn);
      if (last == null) {
        return null;
      }
      recomputedTokens += chunk.length;
    }
    return last;
  }

  /** The memory, if it is what the tokens give without a failure of the index; else null. */
  @Nullable SequenceMemory soundMemory() {
    return recomputedTokens == 0 && figures.lookupsMissed() == 0 && figures.spansLost() == 0
        ? memory
        : null;
  }

  /** All that the memory has taken in. */
  TokenBuffer tokens() {
    TokenBuffer all = new TokenBuffer();
    all.append(text);
    all.append(since.toArray());
    return all;
  }

  ReadingSettings settings() {
    return reading;
  }

  @Override
  public void close() {
    compute.ended(memory);
    compute.run(memory::close);
  }
}
