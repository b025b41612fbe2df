package io.ltri.benchmarks.figure;

import java.util.List;

/**
 * A text that was read.
 *
 * @param tokens of the text, with what the chat template puts before it
 * @param seconds until it could be asked about
 * @param firstTokenMillis from its beginning to the first token of the first answer
 * @param progress how far it had come, when
 * @param lastChunkTokensPerSecond at the end of the text; 0: not known
 * @param estimated whether only the beginning was read, and the time of the rest was put together
 *     from pieces that were timed at several depths
 */
public record Reading(
    long tokens,
    double seconds,
    double firstTokenMillis,
    List<Progress> progress,
    double lastChunkTokensPerSecond,
    boolean estimated) {

  /** So many tokens were read after so many seconds. */
  public record Progress(long tokens, double seconds) {}

  public double tokensPerSecond() {
    return tokens / seconds;
  }

  public Reading withFirstToken(double millis) {
    return new Reading(tokens, seconds, millis, progress, lastChunkTokensPerSecond, estimated);
  }
}
