package io.ltri.inference.tensor;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A random model whose matrices are rounded to codes with scales, as quantised files hold them.
 *
 * @param model with what the codes stand for
 */
public record QuantisedModel(RandomModel model, Map<String, GroupedWeight> matrices)
    implements WeightSource {

  /**
   * @param group elements that share a scale; of all matrices, every second in codes of 4 bits
   */
  public static QuantisedModel of(RandomModel model, int group) {
    Map<String, float[]> weights = new LinkedHashMap<>(model.weights());
    Map<String, GroupedWeight> matrices = new LinkedHashMap<>();
    model
        .shapes()
        .forEach(
            (name, shape) -> {
              if (shape.length == 2) {
                int bits = matrices.size() % 2 == 0 ? 8 : 4;
                GroupedWeight matrix = quantise(model.weight(name), (int) shape[1], bits, group);
                matrices.put(name, matrix);
                weights.put(name, values(matrix));
              }
            });
    return new QuantisedModel(new RandomModel(model.shape(), weights, model.shapes()), matrices);
  }

  /** To the nearest code of each group's range. */
  static GroupedWeight quantise(float[] values, int columns, int bits, int group) {
    byte[] codes = new byte[values.length];
    float[] scales = new float[values.length / group];
    float[] minima = new float[scales.length];
    int lowest = bits == 4 ? 0 : -128;
    int steps = (1 << bits) - 1;
    for (int g = 0; g < scales.length; g++) {
      float low = Float.POSITIVE_INFINITY;
      float high = Float.NEGATIVE_INFINITY;
      for (int i = g * group; i < (g + 1) * group; i++) {
        low = Math.min(low, values[i]);
        high = Math.max(high, values[i]);
      }
      scales[g] = (high - low) / steps;
      minima[g] = low - lowest * scales[g];
      for (int i = g * group; i < (g + 1) * group; i++) {
        codes[i] = (byte) (lowest + Math.round((values[i] - low) / scales[g]));
      }
    }
    return new GroupedWeight(values.length / columns, columns, bits, group, codes, scales, minima);
  }

  static float[] values(GroupedWeight weight) {
    float[] values = new float[weight.codes().length];
    for (int i = 0; i < values.length; i++) {
      int g = i / weight.group();
      values[i] = weight.scales()[g] * weight.codes()[i] + weight.minima()[g];
    }
    return values;
  }

  @Override
  public boolean has(String name) {
    return model.has(name);
  }

  @Override
  public long[] shape(String name) {
    return model.shape(name);
  }

  @Override
  public void read(String name, MemorySegment destination) {
    model.read(name, destination);
  }

  @Override
  public @Nullable GroupedWeight grouped(String name) {
    return matrices.get(name);
  }
}
