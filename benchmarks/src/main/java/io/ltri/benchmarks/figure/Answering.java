package io.ltri.benchmarks.figure;

import org.jspecify.annotations.Nullable;

/**
 * An answer, token by token. Where a model ended it too early, several answers to different
 * questions, one after the other.
 *
 * @param promptTokens text and question
 * @param firstTokenMillis from the (first) question to its first token
 * @param intervalsMillis from each further token to the one before it
 * @param retrieval null for a system that retrieves nothing
 */
public record Answering(
    long promptTokens,
    double firstTokenMillis,
    double[] intervalsMillis,
    @Nullable Retrieval retrieval) {

  /**
   * What the index had to give.
   *
   * @param tokens that were generated
   * @param retrievedTokens placed before the window, summed over the look-ups
   */
  public record Retrieval(
      long tokens,
      long lookups,
      long lookupsMissed,
      long spansFetched,
      long spansFromCache,
      long bytesFetched,
      long retrievedTokens) {

    public Retrieval plus(Retrieval other) {
      return new Retrieval(
          tokens + other.tokens,
          lookups + other.lookups,
          lookupsMissed + other.lookupsMissed,
          spansFetched + other.spansFetched,
          spansFromCache + other.spansFromCache,
          bytesFetched + other.bytesFetched,
          retrievedTokens + other.retrievedTokens);
    }

    public double bytesFetchedPerToken() {
      return tokens == 0 ? 0 : (double) bytesFetched / tokens;
    }

    /** Of the spans that were needed, the share that was there; 1 where none was needed. */
    public double cacheHitRate() {
      long needed = spansFetched + spansFromCache;
      return needed == 0 ? 1 : (double) spansFromCache / needed;
    }

    /** Of a layer and step. */
    public double retrievedTokensPerLookup() {
      return lookups == 0 ? 0 : (double) retrievedTokens / lookups;
    }
  }

  public double p50() {
    return Spread.percentile(intervalsMillis, 50);
  }

  public double p99() {
    return Spread.percentile(intervalsMillis, 99);
  }
}
