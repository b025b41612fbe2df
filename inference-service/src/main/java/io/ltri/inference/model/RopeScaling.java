package io.ltri.inference.model;

import java.util.List;

/** How a model stretches its rotary frequencies beyond the length it was first trained for. */
public sealed interface RopeScaling {

  /**
   * Scales the frequencies of one head.
   *
   * @param inverseFrequencies unscaled, radians per position, [headDim / 2]; left unchanged
   * @return scaled, [headDim / 2]
   */
  double[] apply(double[] inverseFrequencies);

  record None() implements RopeScaling {
    @Override
    public double[] apply(double[] inverseFrequencies) {
      return inverseFrequencies.clone();
    }
  }

  /** Position interpolation: all frequencies divided alike. */
  record Linear(double factor) implements RopeScaling {
    @Override
    public double[] apply(double[] inverseFrequencies) {
      double[] result = inverseFrequencies.clone();
      for (int i = 0; i < result.length; i++) {
        result[i] /= factor;
      }
      return result;
    }
  }

  /**
   * Llama 3.1: wavelengths that fit the original length often enough stay, those that hardly fit it
   * are divided, those in between are interpolated.
   *
   * @param originalLength tokens, before scaling
   */
  record Llama3(
      double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalLength)
      implements RopeScaling {
    @Override
    public double[] apply(double[] inverseFrequencies) {
      double[] result = inverseFrequencies.clone();
      for (int i = 0; i < result.length; i++) {
        double turns = originalLength * result[i] / (2 * Math.PI);
        if (turns < lowFrequencyFactor) {
          result[i] /= factor;
        } else if (turns <= highFrequencyFactor) {
          double kept = (turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
          result[i] = (1 - kept) * result[i] / factor + kept * result[i];
        }
      }
      return result;
    }
  }

  /**
   * What GGUF files hold instead of a formula ({@code rope_freqs.weight}).
   *
   * @param divisors of the inverse frequencies, [headDim / 2]
   */
  record Divisors(List<Double> divisors) implements RopeScaling {
    public Divisors {
      divisors = List.copyOf(divisors);
    }

    @Override
    public double[] apply(double[] inverseFrequencies) {
      if (inverseFrequencies.length != divisors.size()) {
        throw new IllegalArgumentException(
            divisors.size() + " divisors for " + inverseFrequencies.length + " frequencies");
      }
      double[] result = inverseFrequencies.clone();
      for (int i = 0; i < result.length; i++) {
        result[i] /= divisors.get(i);
      }
      return result;
    }
  }
}
