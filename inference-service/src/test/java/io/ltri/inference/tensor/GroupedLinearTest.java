package io.ltri.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GroupedLinearTest {

  private static final int MOST_ROWS = 5;

  private final Random random = new Random(5);

  @ParameterizedTest
  @CsvSource({"4, 32, 1", "4, 16, 191", "8, 32, 577", "8, 16, 1000", "4, 32, 960"})
  void equalsTheProductWithWhatTheCodesStandFor(int bits, int group, int outputs) {
    GroupedWeight weight = weight(outputs, 192, bits, group, 0.1f);
    GroupedLinear linear = Objects.requireNonNull(GroupedLinear.of(List.of(weight)));
    float[][] x = inputs(192);
    for (int rows = 1; rows <= MOST_ROWS; rows++) {
      float[][] y = new float[rows][outputs];
      linear.apply(x, y, rows, new GroupedLinear.Workspace(new Crew(1)));
      for (int row = 0; row < rows; row++) {
        assertThat(largestError(weight, x[row], y[row])).isLessThan(1e-6);
      }
    }
  }

  /** Scales of super blocks have more bits than a half. */
  @Test
  void scalesThatNoHalfHoldsAreKept() {
    for (float spread : new float[] {1e-4f, 1, 1e4f}) {
      GroupedWeight weight = weight(40, 64, 4, 32, spread);
      float[][] x = inputs(64);
      float[][] y = new float[1][40];
      Objects.requireNonNull(GroupedLinear.of(List.of(weight)))
          .apply(x, y, 1, new GroupedLinear.Workspace(new Crew(1)));
      assertThat(largestError(weight, x[0], y[0])).isLessThan(1e-6);
    }
  }

  @Test
  void aRowIsTheSameInAnyCompany() {
    GroupedLinear linear =
        Objects.requireNonNull(
            GroupedLinear.of(List.of(weight(100, 64, 4, 32, 1), weight(50, 64, 8, 16, 1))));
    float[][] x = inputs(64);
    float[][] together = new float[MOST_ROWS][150];
    GroupedLinear.Workspace scratch = new GroupedLinear.Workspace(new Crew(1));
    linear.apply(x, together, MOST_ROWS, scratch);
    for (int row = 0; row < MOST_ROWS; row++) {
      float[][] alone = new float[1][150];
      linear.apply(new float[][] {x[row]}, alone, 1, scratch);
      assertThat(alone[0]).isEqualTo(together[row]);
    }
  }

  @Test
  void partsFollowOneAnother() {
    GroupedWeight first = weight(3, 64, 4, 32, 1);
    GroupedWeight second = weight(5, 64, 4, 32, 1);
    GroupedWeight third = weight(400, 64, 8, 16, 1);
    GroupedLinear linear = Objects.requireNonNull(GroupedLinear.of(List.of(first, second, third)));
    assertThat(linear.outputs()).isEqualTo(408);
    float[][] x = inputs(64);
    float[][] y = new float[1][408];
    linear.apply(x, y, 1, new GroupedLinear.Workspace(new Crew(1)));
    int from = 0;
    for (GroupedWeight part : List.of(first, second, third)) {
      float[] own = Arrays.copyOfRange(y[0], from, from + part.rows());
      assertThat(largestError(part, x[0], own)).isLessThan(1e-6);
      from += part.rows();
    }
  }

  @Test
  void aScaleBeyondAHalfIsNotTaken() {
    assertThat(GroupedLinear.of(List.of(weight(2, 32, 4, 32, 1e7f)))).isNull();
  }

  private GroupedWeight weight(int rows, int columns, int bits, int group, float spread) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = spread * (float) random.nextGaussian();
    }
    return QuantisedModel.quantise(values, columns, bits, group);
  }

  private float[][] inputs(int columns) {
    float[][] x = new float[MOST_ROWS][columns];
    for (float[] row : x) {
      for (int i = 0; i < columns; i++) {
        row[i] = (float) random.nextGaussian();
      }
    }
    return x;
  }

  /** Of a sum, by the sum of its terms' sizes. */
  private static double largestError(GroupedWeight weight, float[] x, float[] y) {
    double worst = 0;
    for (int r = 0; r < weight.rows(); r++) {
      double expected = 0;
      double size = 0;
      for (int c = 0; c < weight.columns(); c++) {
        int at = r * weight.columns() + c;
        int g = at / weight.group();
        double value =
            (double) weight.scales()[g] * weight.codes()[at] + (double) weight.minima()[g];
        expected += value * x[c];
        size += Math.abs(value * x[c]);
      }
      worst = Math.max(worst, Math.abs(y[r] - expected) / size);
    }
    return worst;
  }
}
