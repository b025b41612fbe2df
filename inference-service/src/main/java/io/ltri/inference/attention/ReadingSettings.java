package io.ltri.inference.attention;

import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.tensor.StorageType;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * How a text is read. All of it is part of a document's identity: other settings give other keys
 * and values.
 *
 * @param sinkTokens first tokens of the text, always attended to
 * @param windowTokens tokens before the chunk at hand, always attended to
 * @param chunkTokens read in one pass
 * @param budgetTokens retrieved per layer for each chunk
 * @param candidateMultiple the second stage of a look-up re-scores this many times the budget
 * @param lookupQueries a look-up takes the largest mass over so many last queries of a chunk
 * @param spans how a layer is cut into spans
 * @param storage to which keys and values are rounded, under every policy
 * @param lookup the switches of a look-up; those of decoding have no meaning here
 */
public record ReadingSettings(
    PolicyName policy,
    int sinkTokens,
    int windowTokens,
    int chunkTokens,
    int budgetTokens,
    int candidateMultiple,
    int lookupQueries,
    SpanSettings spans,
    StorageType storage,
    LookupSettings lookup) {

  public ReadingSettings {
    require(sinkTokens >= 0, "sink-tokens", sinkTokens, "not be negative");
    require(windowTokens >= 1, "window-tokens", windowTokens, "be at least 1");
    require(chunkTokens >= 1, "chunk-tokens", chunkTokens, "be at least 1");
    require(budgetTokens >= 0, "reading-budget-tokens", budgetTokens, "not be negative");
    require(candidateMultiple >= 1, "candidate-multiple", candidateMultiple, "be at least 1");
    require(lookupQueries >= 1, "lookup-queries", lookupQueries, "be at least 1");
    require(
        policy != PolicyName.LTRI || windowTokens >= 3 * spans.longest(),
        "window-tokens",
        windowTokens,
        "be at least three times the longest span (" + spans.longest() + ") under policy ltri");
  }

  /** With every switch of the look-up off. */
  public ReadingSettings(
      PolicyName policy,
      int sinkTokens,
      int windowTokens,
      int chunkTokens,
      int budgetTokens,
      int candidateMultiple,
      int lookupQueries,
      SpanSettings spans,
      StorageType storage) {
    this(
        policy,
        sinkTokens,
        windowTokens,
        chunkTokens,
        budgetTokens,
        candidateMultiple,
        lookupQueries,
        spans,
        storage,
        LookupSettings.DEFAULT);
  }

  private static void require(boolean holds, String setting, int value, String rule) {
    if (!holds) {
      throw new IllegalArgumentException(setting + " is " + value + " but must " + rule);
    }
  }

  /**
   * Most tokens that a layer holds between sink and the chunk at hand: window and what is not yet
   * in a span.
   */
  int localTokens() {
    return windowTokens + 2 * spans.longest() + chunkTokens;
  }

  /**
   * Checks that what is attended to at once fits the model.
   *
   * @param answeringBudgetTokens retrieved per layer while answering
   * @throws IllegalArgumentException naming the settings
   */
  public void requireFits(int trainedLength, int answeringBudgetTokens) {
    if (policy == PolicyName.FULL) {
      return;
    }
    int budget =
        policy == PolicyName.LTRI
            ? Math.max(lookup.mostBudgetTokens(budgetTokens), answeringBudgetTokens)
            : 0;
    int remainder = policy == PolicyName.LTRI ? 2 * spans.longest() : 0;
    long resident = (long) sinkTokens + budget + remainder + windowTokens + chunkTokens;
    if (resident > trainedLength) {
      throw new IllegalArgumentException(
          "the model was trained for "
              + trainedLength
              + " tokens, but sink-tokens "
              + sinkTokens
              + " + budget "
              + budget
              + " + remainder "
              + remainder
              + " + window-tokens "
              + windowTokens
              + " + chunk-tokens "
              + chunkTokens
              + " = "
              + resident
              + ": make one of them smaller");
    }
  }

  /** The same under another policy. */
  public ReadingSettings with(PolicyName other) {
    return new ReadingSettings(
        other,
        sinkTokens,
        windowTokens,
        chunkTokens,
        budgetTokens,
        candidateMultiple,
        lookupQueries,
        spans,
        storage,
        lookup);
  }

  /** The settings by name, for a document's identity. */
  public Map<String, String> identity() {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("policy", policy.toString());
    fields.put("storage", storage.name().toLowerCase(Locale.ROOT));
    fields.put("positions", "compact");
    fields.put("chunk-tokens", Integer.toString(chunkTokens));
    if (policy != PolicyName.FULL) {
      fields.put("sink-tokens", Integer.toString(sinkTokens));
      fields.put("window-tokens", Integer.toString(windowTokens));
    }
    if (policy == PolicyName.LTRI) {
      fields.put("reading-budget-tokens", Integer.toString(budgetTokens));
      fields.put("candidate-multiple", Integer.toString(candidateMultiple));
      fields.put("lookup-queries", Integer.toString(lookupQueries));
      fields.put("span-shortest", Integer.toString(spans.shortest()));
      fields.put("span-longest", Integer.toString(spans.longest()));
      fields.put("theta-factor", Double.toString(spans.thetaFactor()));
      fields.put("span-cost", Double.toString(spans.spanCost()));
      fields.put("most-dynamic-vectors", Integer.toString(spans.mostDynamicVectors()));
      fields.putAll(lookup.identity());
    }
    return fields;
  }
}
