package io.ltri.client;

/**
 * How the next token is chosen.
 *
 * @param temperature 0: greedy
 * @param topP 0 and 1: off
 * @param topK 0: off
 * @param minP least probability, as a share of the most probable token's; 0: off
 * @param presencePenalty taken off the logit of every token that the answer has; -2 to 2, 0: off
 * @param frequencyPenalty the same for each time that it has it; -2 to 2, 0: off
 * @param seed used when temperature is above 0; 0: drawn by the server and reported
 */
public record Sampling(
    float temperature,
    float topP,
    int topK,
    float minP,
    float presencePenalty,
    float frequencyPenalty,
    long seed) {
  /** The most probable token, always. */
  public static final Sampling GREEDY = new Sampling(0, 0, 0, 0);

  /** Without a least probability and penalties. */
  public Sampling(float temperature, float topP, int topK, long seed) {
    this(temperature, topP, topK, 0, 0, 0, seed);
  }
}
