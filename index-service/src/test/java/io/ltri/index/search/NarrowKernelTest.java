package io.ltri.index.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class NarrowKernelTest {

  private static final int STRIDE = 100;

  private final SplittableRandom random = new SplittableRandom(4);

  @Test
  void productsAreThoseOfTheVectors() {
    for (int dim : new int[] {16, 64, 96, 128}) {
      float[] queries = numbers(NarrowKernel.MOST * dim);
      float[] tile = numbers(Workspace.TILE * dim);
      float[] out = products(queries, NarrowKernel.MOST, dim, tile, Workspace.TILE);
      for (int row = 0; row < NarrowKernel.MOST; row++) {
        for (int i = 0; i < Workspace.TILE; i++) {
          double product = 0;
          for (int d = 0; d < dim; d++) {
            product += (double) queries[row * dim + d] * tile[i * dim + d];
          }
          assertThat((double) out[row * STRIDE + i])
              .as("dim %d, row %d, vector %d", dim, row, i)
              .isCloseTo(product, within(1e-4));
        }
      }
    }
  }

  @Test
  void neitherRowsNorTileChangeABit() {
    int dim = 64;
    float[] queries = numbers(NarrowKernel.MOST * dim);
    float[] tile = numbers(Workspace.TILE * dim);
    float[] all = products(queries, NarrowKernel.MOST, dim, tile, Workspace.TILE);
    for (int rows = 1; rows < NarrowKernel.MOST; rows++) {
      for (int first = 0; first < Workspace.TILE; first += 13) {
        float[] rest = Arrays.copyOfRange(tile, first * dim, tile.length);
        int count = Workspace.TILE - first;
        float[] out = products(queries, rows, dim, rest, count);
        for (int row = 0; row < rows; row++) {
          assertThat(Arrays.copyOfRange(out, row * STRIDE, row * STRIDE + count))
              .as("row %d of %d, from vector %d", row, rows, first)
              .containsExactly(
                  Arrays.copyOfRange(all, row * STRIDE + first, row * STRIDE + Workspace.TILE));
        }
      }
    }
  }

  private static float[] products(float[] queries, int rows, int dim, float[] tile, int count) {
    float[] out = new float[NarrowKernel.MOST * STRIDE];
    float[] sums = new float[NarrowKernel.scratch(Workspace.TILE)];
    Arrays.fill(sums, 7);
    NarrowKernel.multiply(queries, rows, dim, tile, count, sums, out, 0, STRIDE);
    return out;
  }

  private float[] numbers(int count) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }
}
