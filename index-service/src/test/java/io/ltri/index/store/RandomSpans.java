package io.ltri.index.store;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Makes spans of random numbers, and remembers them as float arrays for brute-force references. */
public final class RandomSpans {

  private final Random random;
  private final DocumentLayout layout;

  /**
   * A span, readable without a store.
   *
   * @param vectors {@code [vectors, kvHeads, headDim]}
   * @param keys {@code [kvHeads, tokens, headDim]}, as stored, that is, rounded
   */
  public record Plain(int start, int end, float[] vectors, float[] keys, NewSpan span) {}

  public RandomSpans(long seed, DocumentLayout layout) {
    this.random = new Random(seed);
    this.layout = layout;
  }

  /** What a vector is once it was made codes of 8 bits, in some column of a block. */
  public static float[] coded(float[] vectors, int at, int dim, int column) {
    MemorySegment block = MemorySegment.ofArray(new byte[SummaryCodes.blockBytes(dim)]);
    new SummaryCodes(dim)
        .encode(MemorySegment.ofArray(vectors), (long) at * Float.BYTES, block, 0, column);
    return SummaryCodes.decode(block, 0, column, dim);
  }

  /** Spans that follow each other, with a gap now and then. */
  public List<Plain> spans(int count, int firstToken, int longest, int mostVectors) {
    List<Plain> spans = new ArrayList<>();
    int at = firstToken;
    for (int i = 0; i < count; i++) {
      at += random.nextInt(4) == 0 ? random.nextInt(3) : 0;
      int tokens = 1 + random.nextInt(longest);
      spans.add(span(at, at + tokens, 1 + random.nextInt(mostVectors)));
      at += tokens;
    }
    return spans;
  }

  public Plain span(int start, int end, int vectorCount) {
    return span(start, end, floats(vectorCount * layout.kvHeads() * layout.headDim()));
  }

  public Plain span(int start, int end, float[] vectors) {
    float[] keys = floats(layout.kvHeads() * (end - start) * layout.headDim());
    float[] values = floats(keys.length);
    ByteBuffer keyBytes = store(keys);
    NewSpan span =
        new NewSpan(
            start,
            end,
            random.nextFloat(),
            random.nextFloat(),
            fp32(vectors),
            keyBytes,
            store(values));
    return new Plain(start, end, vectors, keys, span);
  }

  public float[] floats(int count) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  /** Rounds the numbers to what is stored, in place. */
  private ByteBuffer store(float[] numbers) {
    if (layout.storageType() == StorageType.FP32) {
      return fp32(numbers);
    }
    ByteBuffer bytes = ByteBuffer.allocate(numbers.length * 2).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < numbers.length; i++) {
      int upper = Float.floatToIntBits(numbers[i]) >>> 16;
      bytes.putShort((short) upper);
      numbers[i] = Float.intBitsToFloat(upper << 16);
    }
    return bytes.flip();
  }

  private static ByteBuffer fp32(float[] numbers) {
    ByteBuffer bytes = ByteBuffer.allocate(numbers.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(numbers);
    return bytes;
  }

  public static List<NewSpan> news(List<Plain> spans) {
    return spans.stream().map(Plain::span).toList();
  }
}
