package io.ltri.benchmarks.figure;

/**
 * An answer, alone and while another text is read.
 *
 * @param readingLength tokens of the text that was read meanwhile
 * @param tokens of the answers that were made meanwhile
 * @param readingTokensPerSecond meanwhile
 */
public record WhileReadingFigures(
    int length,
    int readingLength,
    double aloneP50Millis,
    double aloneP99Millis,
    double p50Millis,
    double p99Millis,
    double maxMillis,
    int tokens,
    double readingTokensPerSecond) {

  /** How much worse the worst per cent is than what is usual without a reading. */
  public double p99AgainstAloneP50() {
    return p99Millis / aloneP50Millis;
  }
}
