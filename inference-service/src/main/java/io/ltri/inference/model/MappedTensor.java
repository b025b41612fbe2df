package io.ltri.inference.model;

import io.ltri.inference.tensor.GroupedWeight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * One tensor inside a mapped file.
 *
 * @param file that holds it
 * @param field its name in that file
 * @param type null if its elements cannot be decoded
 * @param typeName as the file calls it
 * @param shape outermost dimension first
 * @param data exactly its bytes
 * @param interleavedHeadDim if not 0, rows come in heads of that many, and inside a head the rows
 *     of the two halves alternate: row 2 j + s of the file is row s * headDim / 2 + j of the tensor
 */
record MappedTensor(
    Path file,
    String field,
    @Nullable TensorType type,
    String typeName,
    long[] shape,
    MemorySegment data,
    int interleavedHeadDim) {

  // A multiple of every block size; small enough to stay in a core's cache.
  private static final int STEP_ELEMENTS = 16_384;
  private static final int PARALLEL_ELEMENTS = 1 << 17;
  private static final Thread STRANGER = Thread.ofVirtual().unstarted(() -> {});

  MappedTensor interleaved(int headDim) {
    return new MappedTensor(file, field, type, typeName, shape, data, headDim);
  }

  long elements() {
    long result = 1;
    for (long dimension : shape) {
      result *= dimension;
    }
    return result;
  }

  /**
   * @param destination float32, native byte order, 4 bytes per element
   */
  void read(MemorySegment destination) {
    if (type == null) {
      throw new ModelFileException(file, field, "elements of type " + typeName + " are not read");
    }
    long elements = elements();
    if (destination.byteSize() != 4 * elements) {
      throw new IllegalArgumentException(
          field + " takes " + 4 * elements + " bytes, not " + destination.byteSize());
    }
    TensorType stored = type;
    LongStream steps;
    if (interleavedHeadDim != 0) {
      steps = LongStream.range(0, shape[0] / interleavedHeadDim);
    } else {
      steps = LongStream.range(0, (elements + STEP_ELEMENTS - 1) / STEP_ELEMENTS);
    }
    // A caller may own the destination with a confined arena.
    if (elements >= PARALLEL_ELEMENTS && destination.isAccessibleBy(STRANGER)) {
      steps = steps.parallel();
    }
    if (interleavedHeadDim != 0) {
      steps.forEach(head -> readHead(stored, head, destination));
    } else {
      steps.forEach(step -> readStep(stored, step * STEP_ELEMENTS, elements, destination));
    }
  }

  private void readStep(TensorType stored, long first, long elements, MemorySegment destination) {
    int count = (int) Math.min(STEP_ELEMENTS, elements - first);
    float[] values = new float[count];
    stored.decode(data, stored.bytes(first), values, 0, count);
    MemorySegment.copy(values, 0, destination, ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * first, count);
  }

  private void readHead(TensorType stored, long head, MemorySegment destination) {
    int rowElements = (int) (elements() / shape[0]);
    int half = interleavedHeadDim / 2;
    float[] values = new float[rowElements];
    for (int row = 0; row < interleavedHeadDim; row++) {
      long source = head * interleavedHeadDim + row;
      long target = head * interleavedHeadDim + (row % 2L) * half + row / 2;
      stored.decode(data, stored.bytes(source * rowElements), values, 0, rowElements);
      MemorySegment.copy(
          values,
          0,
          destination,
          ValueLayout.JAVA_FLOAT_UNALIGNED,
          4 * target * rowElements,
          rowElements);
    }
  }

  /** The codes of a matrix and what they stand for; null if its type has none. */
  @Nullable GroupedWeight grouped() {
    TensorType stored = type;
    if (stored == null || stored.group() == 0 || shape.length != 2) {
      return null;
    }
    int rows = Math.toIntExact(shape[0]);
    int columns = Math.toIntExact(shape[1]);
    if (columns % stored.blockElements() != 0 || (long) rows * columns > Integer.MAX_VALUE - 8) {
      return null;
    }
    int groups = columns / stored.group();
    byte[] codes = new byte[rows * columns];
    float[] scales = new float[rows * groups];
    float[] minima = new float[rows * groups];
    IntStream.range(0, rows)
        .parallel()
        .forEach(
            source -> {
              int row = interleavedHeadDim == 0 ? source : separated(source);
              stored.decodeGroups(
                  data,
                  stored.bytes((long) source * columns),
                  codes,
                  row * columns,
                  scales,
                  minima,
                  row * groups,
                  columns);
            });
    return new GroupedWeight(
        rows, columns, stored.codeBits(), stored.group(), codes, scales, minima);
  }

  /** Row of the tensor at which a row of the file stands. */
  private int separated(int source) {
    int row = source % interleavedHeadDim;
    return source - row + row % 2 * (interleavedHeadDim / 2) + row / 2;
  }
}
