package io.ltri.client;

/**
 * How the next token is chosen.
 *
 * @param temperature 0: greedy
 * @param topP 0 and 1: off
 * @param topK 0: off
 * @param seed used when temperature is above 0; 0: drawn by the server and reported
 */
public record Sampling(float temperature, float topP, int topK, long seed) {
  /** The most probable token, always. */
  public static final Sampling GREEDY = new Sampling(0, 0, 0, 0);
}
