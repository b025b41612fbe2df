package io.ltri.inference.engine;

/**
 * How the next token is drawn.
 *
 * @param temperature 0: the most probable token
 * @param topP smallest set of tokens with this probability; 0 and 1: off
 * @param topK most probable tokens; 0: off
 * @param minP tokens at least so probable, as a share of the most probable one's; 0: off
 * @param presencePenalty taken off the logit of every token that the answer has already; 0: off
 * @param frequencyPenalty taken off a token's logit for each time that the answer has it; 0: off
 * @param seed used when temperature is above 0
 */
public record Sampling(
    double temperature,
    double topP,
    int topK,
    double minP,
    double presencePenalty,
    double frequencyPenalty,
    long seed) {

  public static final Sampling GREEDY = new Sampling(0, 0, 0, 0);

  public Sampling {
    require(temperature >= 0 && temperature <= 100, "temperature", temperature, "[0, 100]");
    require(topP >= 0 && topP <= 1, "top_p", topP, "[0, 1]");
    require(topK >= 0, "top_k", topK, "[0, ...)");
    require(minP >= 0 && minP <= 1, "min_p", minP, "[0, 1]");
    require(Math.abs(presencePenalty) <= 2, "presence_penalty", presencePenalty, "[-2, 2]");
    require(Math.abs(frequencyPenalty) <= 2, "frequency_penalty", frequencyPenalty, "[-2, 2]");
  }

  /** Without a least probability and penalties. */
  public Sampling(double temperature, double topP, int topK, long seed) {
    this(temperature, topP, topK, 0, 0, 0, seed);
  }

  /** The same, drawn otherwise. */
  public Sampling withSeed(long other) {
    return new Sampling(temperature, topP, topK, minP, presencePenalty, frequencyPenalty, other);
  }

  boolean penalises() {
    return presencePenalty != 0 || frequencyPenalty != 0;
  }

  private static void require(boolean holds, String name, double value, String range) {
    if (!holds) {
      throw new RequestException(
          RequestException.Reason.BAD_INPUT, name + " is " + value + ": it must be in " + range);
    }
  }
}
