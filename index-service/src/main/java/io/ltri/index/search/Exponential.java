package io.ltri.index.search;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code exp(x)} for {@code x <= 0}, to a relative error below 1e-6. Below -87 the result is about
 * 1e-38 instead of less; beside the exp(0) = 1 that every softmax has, that is nothing.
 */
final class Exponential {

  private static final float LEAST = -87f;
  private static final float LOG2_E = 1.44269504f;

  /** ln 2 in two parts: the first has few enough bits that its multiples are exact. */
  private static final float LN_2_HIGH = 0.693359375f;

  private static final float LN_2_LOW = -2.12194440e-4f;

  /** Adding 1.5 * 2^23 leaves the nearest integer in the low bits. */
  private static final float ROUND = 12582912f;

  private static final int MANTISSA_BITS = 23;

  private Exponential() {}

  static FloatVector of(FloatVector x) {
    FloatVector bounded = x.max(LEAST);
    FloatVector rounded = bounded.mul(LOG2_E).add(ROUND);
    FloatVector whole = rounded.sub(ROUND);
    FloatVector rest = bounded.sub(whole.mul(LN_2_HIGH)).sub(whole.mul(LN_2_LOW));
    // The power series: with |rest| <= ln(2) / 2, the first term left out is below 6e-9.
    FloatVector sum = rest.mul(1f / 5040).add(1f / 720);
    sum = sum.mul(rest).add(1f / 120);
    sum = sum.mul(rest).add(1f / 24);
    sum = sum.mul(rest).add(1f / 6);
    sum = sum.mul(rest).add(0.5f);
    sum = sum.mul(rest).add(1f);
    sum = sum.mul(rest).add(1f);
    IntVector exponent = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, MANTISSA_BITS);
    return sum.reinterpretAsInts().add(exponent).reinterpretAsFloats();
  }
}
