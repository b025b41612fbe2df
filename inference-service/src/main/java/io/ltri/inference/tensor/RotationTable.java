package io.ltri.inference.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Cosines and sines of positions 0 .. positions - 1. Angles are computed in double precision: in
 * float32 they are off by 0.06 at a million.
 *
 * @param cos float32 [positions, headDim], the second half repeats the first
 * @param sin float32 [positions, headDim / 2]
 * @param hostCos the same in Java's memory
 * @param hostSin the same in Java's memory
 */
record RotationTable(
    int positions, NDArray cos, NDArray sin, MemorySegment hostCos, MemorySegment hostSin) {

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  /**
   * @param owner frees the table when it closes
   */
  static RotationTable of(double[] inverseFrequencies, int positions, NDManager owner) {
    int half = inverseFrequencies.length;
    Arena memory = Arena.ofAuto();
    MemorySegment cos = memory.allocate(4L * positions * 2 * half, 64);
    MemorySegment sin = memory.allocate(4L * positions * half, 64);
    for (int position = 0; position < positions; position++) {
      long row = (long) position * half;
      for (int i = 0; i < half; i++) {
        double angle = position * inverseFrequencies[i];
        float cosine = (float) Math.cos(angle);
        cos.setAtIndex(FLOAT, 2 * row + i, cosine);
        cos.setAtIndex(FLOAT, 2 * row + half + i, cosine);
        sin.setAtIndex(FLOAT, row + i, (float) Math.sin(angle));
      }
    }
    return new RotationTable(
        positions,
        copy(owner, cos, new Shape(positions, 2L * half)),
        copy(owner, sin, new Shape(positions, half)),
        cos,
        sin);
  }

  /**
   * Rotates one head's vector to a position, to the last bit as the programs do.
   *
   * @param at index of the vector's first element in both
   */
  void rotate(MemorySegment from, MemorySegment to, long at, int position) {
    int half = Math.toIntExact(hostSin.byteSize() / (4L * positions));
    long row = (long) position * half;
    for (int i = 0; i < half; i++) {
      float cosine = hostCos.getAtIndex(FLOAT, 2 * row + i);
      float sine = hostSin.getAtIndex(FLOAT, row + i);
      float first = from.getAtIndex(FLOAT, at + i);
      float second = from.getAtIndex(FLOAT, at + half + i);
      to.setAtIndex(FLOAT, at + i, first * cosine - second * sine);
      to.setAtIndex(FLOAT, at + half + i, second * cosine + first * sine);
    }
  }

  private static NDArray copy(NDManager owner, MemorySegment values, Shape shape) {
    // A tensor made from a direct buffer shares its memory, which is the host's.
    try (NDArray shared =
        owner.create(
            values.asByteBuffer().order(ByteOrder.nativeOrder()), shape, DataType.FLOAT32)) {
      return shared.duplicate();
    }
  }
}
