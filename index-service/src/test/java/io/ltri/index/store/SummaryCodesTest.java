package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class SummaryCodesTest {

  private static final int[] HEAD_DIMS = {1, 8, 20, 64, 96, 128};

  @Property(tries = 50)
  void rotationIsItsOwnInverseAndKeepsInnerProducts(@ForAll long seed) {
    Random random = new Random(seed);
    for (int dim : HEAD_DIMS) {
      float[] a = numbers(random, dim);
      float[] b = numbers(random, dim);
      double product = product(a, b);
      float[] rotated = a.clone();
      SummaryCodes.rotate(rotated, 0, dim);
      SummaryCodes.rotate(b, 0, dim);
      assertThat(product(rotated, b)).isCloseTo(product, within(1e-4 * dim));
      SummaryCodes.rotate(rotated, 0, dim);
      for (int d = 0; d < dim; d++) {
        assertThat(rotated[d]).isCloseTo(a[d], within(1e-5f));
      }
    }
  }

  /** Keys of language models have a few dimensions that are much larger than all others. */
  @Property(tries = 50)
  void oneLargeDimensionCostsTheOthersLittle(@ForAll long seed) {
    Random random = new Random(seed);
    float[] vector = numbers(random, 64);
    vector[17] = 20;
    float[] query = numbers(random, 64);
    query[17] = 0;
    // One step of codes without rotation would be 20 / 127, and as much as 0.05 in the mean.
    float[] coded = coded(vector, 64, 3);
    double squares = 0;
    for (int d = 0; d < 64; d++) {
      squares += Math.pow(coded[d] - vector[d], 2);
    }
    assertThat(Math.sqrt(squares / 64)).isLessThan(0.02);
    assertThat(product(query, coded)).isCloseTo(product(query, vector), within(0.8));
  }

  @Property(tries = 50)
  void numbersAreWithinHalfAStepOfWhatTheyWere(@ForAll long seed) {
    Random random = new Random(seed);
    for (int dim : HEAD_DIMS) {
      float[] vector = numbers(random, dim);
      float[] coded = coded(vector, dim, random.nextInt(SummaryCodes.BLOCK));
      SummaryCodes.rotate(vector, 0, dim);
      SummaryCodes.rotate(coded, 0, dim);
      float most = 0;
      for (float number : vector) {
        most = Math.max(most, Math.abs(number));
      }
      for (int d = 0; d < dim; d++) {
        assertThat(coded[d]).isCloseTo(vector[d], within(0.501f * most / 127 + 1e-5f));
      }
    }
  }

  @Example
  void numbersTooSmallForAScaleAreZero() {
    assertThat(coded(new float[] {0, 0, 0, 0}, 4, 0)).containsOnly(0);
    assertThat(coded(new float[] {Float.MIN_VALUE, 0, 0, 0}, 4, 0)).containsOnly(0);
  }

  private static float[] coded(float[] vector, int dim, int column) {
    return RandomSpans.coded(vector, 0, dim, column);
  }

  private static float[] numbers(Random random, int count) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  private static double product(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
