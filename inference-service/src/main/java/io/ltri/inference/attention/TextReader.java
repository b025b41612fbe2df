package io.ltri.inference.attention;

import io.ltri.inference.span.SegmenterName;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.span.TokenSignal;
import io.ltri.inference.tensor.Step;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Gives a segmenter that looks at the text its {@link TokenSignal}: the surprisal of every token,
 * from the model's own last layer, or whether a token ends a sentence.
 *
 * <p>A document and what follows it are separate texts here, as they are separate chunks: the
 * surprisal of the first token after {@link #end} is not known. In the tail: int32 text position of
 * the first token, then float32 for each token, little-endian.
 */
final class TextReader {
  static final String SECTION = "text";

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final TokenSignal signal;

  /** Tokens that end a sentence; null where surprisals are wanted. */
  private final @Nullable BitSet sentenceEnds;

  /** Of the tokens that have left, so many are still looked at. */
  private final int keptTokens;

  /** What the model expected after the last token; null at the start of a text. */
  private float @Nullable [] expected;

  private TextReader(TokenSignal signal, @Nullable BitSet sentenceEnds, int keptTokens) {
    this.signal = signal;
    this.sentenceEnds = sentenceEnds;
    this.keptTokens = keptTokens;
  }

  /**
   * @param tail to continue from; empty at the start of a text
   * @return null for a segmenter that does not look at the text
   * @throws IllegalArgumentException if the tail lacks what the segmenter needs
   */
  static @Nullable TextReader of(
      SpanSettings spans, Supplier<BitSet> sentenceEnds, Map<String, MemorySegment> tail) {
    SegmenterName segmenter = spans.cutting().segmenter();
    if (!segmenter.looksAtText()) {
      return null;
    }
    TokenSignal signal = tail.isEmpty() ? new TokenSignal(0) : restore(tail.get(SECTION));
    return segmenter == SegmenterName.SENTENCE
        ? new TextReader(signal, sentenceEnds.get(), 0)
        : new TextReader(signal, null, spans.cutting().surpriseWindowTokens());
  }

  private static TokenSignal restore(@Nullable MemorySegment bytes) {
    if (bytes == null || bytes.byteSize() < INT.byteSize() || bytes.byteSize() % 4 != 0) {
      throw new IllegalArgumentException("the document's tail lacks section " + SECTION);
    }
    TokenSignal signal = new TokenSignal(bytes.get(INT, 0));
    signal.append(bytes.asSlice(INT.byteSize()).toArray(FLOAT));
    return signal;
  }

  TokenSignal signal() {
    return signal;
  }

  /** Takes in the tokens of a step that went through all layers. */
  void read(Step step) {
    int[] ids = step.ids();
    float[] values = new float[ids.length];
    if (sentenceEnds != null) {
      for (int i = 0; i < ids.length; i++) {
        values[i] = sentenceEnds.get(ids[i]) ? 1 : 0;
      }
    } else {
      values[0] = expected == null ? Float.NaN : surprisal(expected, ids[0]);
      float[] rest = step.logProbabilities(Arrays.copyOfRange(ids, 1, ids.length));
      for (int i = 0; i < rest.length; i++) {
        values[i + 1] = -rest[i];
      }
      expected = step.logits();
    }
    signal.append(values);
  }

  private static float surprisal(float[] logits, int token) {
    double highest = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      highest = Math.max(highest, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - highest);
    }
    return (float) (highest + Math.log(sum) - logits[token]);
  }

  /** Tokens before this text position are in spans. */
  void dropBefore(int position) {
    signal.dropBefore(position - keptTokens);
  }

  /** What follows is another text. */
  void end() {
    expected = null;
  }

  MemorySegment export() {
    float[] values = signal.toArray();
    MemorySegment bytes = MemorySegment.ofArray(new byte[4 + 4 * values.length]);
    bytes.set(INT, 0, signal.first());
    MemorySegment.copy(values, 0, bytes, FLOAT, INT.byteSize(), values.length);
    return bytes;
  }
}
