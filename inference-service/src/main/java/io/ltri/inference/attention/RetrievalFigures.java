package io.ltri.inference.attention;

import io.ltri.inference.retrieval.IndexException;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a sequence asked of the index. */
public final class RetrievalFigures {
  long lookups;
  long lookupsMissed;
  long lookupsHedged;
  @Nullable String firstMiss;
  long spansFetched;
  long bytesFetched;
  long spansFromCache;
  long spansOffloaded;
  long spansLost;
  long blocksDamaged;
  long retrievedTokens;
  private final Map<IndexException.Reason, Long> failures =
      new EnumMap<>(IndexException.Reason.class);

  /** Of a sequence that has asked nothing. */
  public RetrievalFigures() {}

  /** Counts its reason, and keeps its words if it is the first. */
  void note(IndexException e) {
    failures.merge(e.reason(), 1L, Long::sum);
    if (firstMiss == null) {
      firstMiss = e.getMessage();
    }
  }

  /** Look-ups made, one per layer and step. */
  public long lookups() {
    return lookups;
  }

  /**
   * Look-ups that failed, came too late or were not complete; the step went on with what was there.
   */
  public long lookupsMissed() {
    return lookupsMissed;
  }

  /** Why the first of them failed; null if none did. */
  public @Nullable String firstMiss() {
    return firstMiss;
  }

  /** How often the index failed this sequence, by reason. */
  public Map<IndexException.Reason, Long> failures() {
    return Collections.unmodifiableMap(failures);
  }

  /** Look-ups for which a second index node was asked, because the first took long. */
  public long lookupsHedged() {
    return lookupsHedged;
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

  /** Of these, those that the index did not take or lost: nothing sees them any more. */
  public long spansLost() {
    return spansLost;
  }

  /** Blocks that the index found damaged, each counted once: the sequence went on without them. */
  public long blocksDamaged() {
    return blocksDamaged;
  }

  /** Tokens that the look-ups placed in front of the window, summed over the look-ups. */
  public long retrievedTokens() {
    return retrievedTokens;
  }
}
