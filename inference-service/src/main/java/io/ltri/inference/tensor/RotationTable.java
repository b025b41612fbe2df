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
 * @param hostCos as {@code cos}, for Java
 * @param hostSin sines for Java, [positions, headDim], those of the first half negative
 */
record RotationTable(int positions, NDArray cos, NDArray sin, float[] hostCos, float[] hostSin) {

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  /**
   * @param owner frees the table when it closes
   */
  static RotationTable of(double[] inverseFrequencies, int positions, NDManager owner) {
    int half = inverseFrequencies.length;
    float[] hostCos = new float[Math.multiplyExact(positions, 2 * half)];
    float[] hostSin = new float[hostCos.length];
    try (Arena staging = Arena.ofShared()) {
      MemorySegment cos = staging.allocate(4L * positions * 2 * half, 64);
      MemorySegment sin = staging.allocate(4L * positions * half, 64);
      for (int position = 0; position < positions; position++) {
        int row = position * half;
        for (int i = 0; i < half; i++) {
          double angle = position * inverseFrequencies[i];
          float cosine = (float) Math.cos(angle);
          float sine = (float) Math.sin(angle);
          cos.setAtIndex(FLOAT, 2L * row + i, cosine);
          cos.setAtIndex(FLOAT, 2L * row + half + i, cosine);
          sin.setAtIndex(FLOAT, row + i, sine);
          hostCos[2 * row + i] = cosine;
          hostCos[2 * row + half + i] = cosine;
          hostSin[2 * row + i] = -sine;
          hostSin[2 * row + half + i] = sine;
        }
      }
      return new RotationTable(
          positions,
          copy(owner, cos, new Shape(positions, 2L * half)),
          copy(owner, sin, new Shape(positions, half)),
          hostCos,
          hostSin);
    }
  }

  /**
   * Rotates one head's vector to a position, to the last bit as the programs do.
   *
   * @param at index of the vector's first element in both
   */
  void rotate(float[] from, float[] to, int at, int position) {
    int dim = hostSin.length / positions;
    int half = dim / 2;
    int row = position * dim + half;
    for (int i = 0; i < half; i++) {
      float cosine = hostCos[row + i];
      float sine = hostSin[row + i];
      float first = from[at + i];
      float second = from[at + half + i];
      to[at + i] = first * cosine - second * sine;
      to[at + half + i] = second * cosine + first * sine;
    }
  }

  /**
   * Rotates vectors of consecutive positions, and rounds them to halves.
   *
   * @param from [count, headDim]
   * @param swapped the same with the halves of each vector exchanged
   * @param to [count, headDim]
   * @param position of the first
   */
  void rotate(float[] from, float[] swapped, short[] to, int position, int count) {
    int dim = hostSin.length / positions;
    int at = position * dim;
    for (int i = 0; i < count * dim; i++) {
      to[i] = Float.floatToFloat16(from[i] * hostCos[at + i] + swapped[i] * hostSin[at + i]);
    }
  }

  private static NDArray copy(NDManager owner, MemorySegment values, Shape shape) {
    // A tensor made from a direct buffer shares its memory, and the staging memory goes away.
    try (NDArray shared =
        owner.create(
            values.asByteBuffer().order(ByteOrder.nativeOrder()), shape, DataType.FLOAT32)) {
      return shared.duplicate();
    }
  }
}
