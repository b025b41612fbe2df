package io.ltri.inference.attention;

import org.jspecify.annotations.Nullable;

/** What a sequence asked of the index. */
public final class RetrievalFigures {
  long lookups;
  long lookupsMissed;
  @Nullable String firstMiss;
  long spansFetched;
  long bytesFetched;
  long spansFromCache;
  long spansOffloaded;
  long retrievedTokens;

  RetrievalFigures() {}

  /** Look-ups made, one per layer and step. */
  public long lookups() {
    return lookups;
  }

  /** Look-ups that failed or came too late; the step went on with the spans of the step before. */
  public long lookupsMissed() {
    return lookupsMissed;
  }

  /** Why the first of them failed; null if none did. */
  public @Nullable String firstMiss() {
    return firstMiss;
  }

  public long spansFetched() {
    return spansFetched;
  }

  public long bytesFetched() {
    return bytesFetched;
  }

  public long spansFromCache() {
    return spansFromCache;
  }

  /** Spans that left the model's memory. */
  public long spansOffloaded() {
    return spansOffloaded;
  }

  /** Tokens that the look-ups placed in front of the window, summed over the look-ups. */
  public long retrievedTokens() {
    return retrievedTokens;
  }
}
