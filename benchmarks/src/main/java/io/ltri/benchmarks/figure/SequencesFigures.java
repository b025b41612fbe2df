package io.ltri.benchmarks.figure;

/**
 * Several answers at the same time.
 *
 * @param tokensPerSecond of all together, while all were being made; over the rounds
 * @param p50Millis from a token of an answer to its next, over the rounds
 */
public record SequencesFigures(
    int sequences, int length, Spread tokensPerSecond, Spread p50Millis, Spread p99Millis) {}
