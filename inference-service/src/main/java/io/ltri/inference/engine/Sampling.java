package io.ltri.inference.engine;

/**
 * How the next token is drawn.
 *
 * @param temperature 0: the most probable token
 * @param topP smallest set of tokens with this probability; 0 and 1: off
 * @param topK most probable tokens; 0: off
 * @param seed used when temperature is above 0
 */
public record Sampling(double temperature, double topP, int topK, long seed) {

  public static final Sampling GREEDY = new Sampling(0, 0, 0, 0);

  public Sampling {
    require(temperature >= 0 && temperature <= 100, "temperature", temperature, "[0, 100]");
    require(topP >= 0 && topP <= 1, "top_p", topP, "[0, 1]");
    require(topK >= 0, "top_k", topK, "[0, ...)");
  }

  private static void require(boolean holds, String name, double value, String range) {
    if (!holds) {
      throw new RequestException(
          RequestException.Reason.BAD_INPUT, name + " is " + value + ": it must be in " + range);
    }
  }
}
