package io.ltri.inference.attention;

import io.ltri.inference.retrieval.SpanBlock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Spans of one sequence, kept in this process in native memory that this object owns, each with one
 * vector: a baseline's memory, not a store. One thread at a time.
 *
 * <p>Exported, a layer is int32 number of spans, then for each int32 start, int32 end, keys, values
 * (as in {@link SpanBlock}) and its vector, float32; little-endian.
 */
final class LocalSpans implements AutoCloseable {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private record Entry(SpanBlock block, float[] vector) {}

  private final Arena arena = Arena.ofShared();
  private final List<List<Entry>> layers = new ArrayList<>();
  private final int tokenBytes;
  private final int vectorLength;

  /**
   * @param tokenBytes of a token's keys of a layer, and of its values
   * @param vectorLength elements of a span's vector
   */
  LocalSpans(int layers, int tokenBytes, int vectorLength) {
    this.tokenBytes = tokenBytes;
    this.vectorLength = vectorLength;
    for (int l = 0; l < layers; l++) {
      this.layers.add(new ArrayList<>());
    }
  }

  int count(int layer) {
    return layers.get(layer).size();
  }

  /** Copies a span that follows those of the layer so far. */
  void add(int layer, SpanBlock block, float[] vector) {
    if (vector.length != vectorLength) {
      throw new IllegalArgumentException(
          "a vector of " + vector.length + " elements instead of " + vectorLength);
    }
    layers
        .get(layer)
        .add(
            new Entry(
                new SpanBlock(block.start(), block.end(), copy(block.keys()), copy(block.values())),
                vector.clone()));
  }

  private MemorySegment copy(MemorySegment bytes) {
    return arena.allocate(bytes.byteSize()).copyFrom(bytes).asReadOnly();
  }

  /**
   * The spans whose vectors have the largest inner products with the query; the earlier one of two
   * equal ones.
   *
   * @param most how many; all if there are fewer
   * @return in text order
   */
  List<SpanBlock> best(int layer, float[] query, int most) {
    List<Entry> entries = layers.get(layer);
    double[] scores =
        entries.stream().mapToDouble(entry -> innerProduct(entry.vector(), query)).toArray();
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -scores[i]))
        .limit(most)
        .sorted()
        .map(i -> entries.get(i).block())
        .toList();
  }

  private static double innerProduct(float[] left, float[] right) {
    double sum = 0;
    for (int i = 0; i < left.length; i++) {
      sum += (double) left[i] * right[i];
    }
    return sum;
  }

  MemorySegment export(int layer) {
    List<Entry> entries = layers.get(layer);
    long size = 4;
    for (Entry entry : entries) {
      size += 8 + entry.block().sizeBytes() + 4L * vectorLength;
    }
    MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(size)]);
    bytes.set(INT, 0, entries.size());
    long at = 4;
    for (Entry entry : entries) {
      SpanBlock block = entry.block();
      bytes.set(INT, at, block.start());
      bytes.set(INT, at + 4, block.end());
      at += 8;
      for (MemorySegment part : List.of(block.keys(), block.values())) {
        MemorySegment.copy(part, 0, bytes, at, part.byteSize());
        at += part.byteSize();
      }
      MemorySegment.copy(entry.vector(), 0, bytes, FLOAT, at, vectorLength);
      at += 4L * vectorLength;
    }
    return bytes;
  }

  /**
   * Fills an empty layer. Its spans refer to the section and copy nothing, so that sequences that
   * go on from one tail share it.
   *
   * @throws IllegalArgumentException if the section's size does not fit
   */
  void restore(int layer, String name, MemorySegment section) {
    MemorySegment bytes = section.asReadOnly();
    long at = 4;
    int count = bytes.byteSize() < 4 ? 0 : bytes.get(INT, 0);
    for (int i = 0; i < count; i++) {
      require(name, bytes, at + 8);
      int start = bytes.get(INT, at);
      int end = bytes.get(INT, at + 4);
      at += 8;
      long part = (long) (end - start) * tokenBytes;
      require(name, bytes, at + 2 * part + 4L * vectorLength);
      SpanBlock block =
          new SpanBlock(start, end, bytes.asSlice(at, part), bytes.asSlice(at + part, part));
      at += 2 * part;
      float[] vector = new float[vectorLength];
      MemorySegment.copy(bytes, FLOAT, at, vector, 0, vectorLength);
      at += 4L * vectorLength;
      layers.get(layer).add(new Entry(block, vector));
    }
    if (bytes.byteSize() != at) {
      throw LayerTail.damaged(name, bytes.byteSize(), at);
    }
  }

  private static void require(String name, MemorySegment bytes, long end) {
    if (bytes.byteSize() < end) {
      throw LayerTail.damaged(name, bytes.byteSize(), end);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
