package io.ltri.inference.attention;

import io.ltri.inference.span.Cutting;
import io.ltri.inference.span.SegmenterName;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.span.ThetaForm;
import io.ltri.inference.span.VectorForm;
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
 * @param spans how a layer is cut into spans, unless the policy has a segmenter of its own
 * @param storage to which keys and values are rounded, under every policy
 * @param positions at which a layer attends to what is resident; {@link PolicyName#FULL} and {@link
 *     PolicyName#INFLLM} have their own
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
    PositionScheme positions,
    LookupSettings lookup) {

  public ReadingSettings {
    require(sinkTokens >= 0, "sink-tokens", sinkTokens, "not be negative");
    require(windowTokens >= 1, "window-tokens", windowTokens, "be at least 1");
    require(chunkTokens >= 1, "chunk-tokens", chunkTokens, "be at least 1");
    require(budgetTokens >= 0, "reading-budget-tokens", budgetTokens, "not be negative");
    require(candidateMultiple >= 1, "candidate-multiple", candidateMultiple, "be at least 1");
    require(lookupQueries >= 1, "lookup-queries", lookupQueries, "be at least 1");
    require(
        !policy.usesIndex() || windowTokens >= 3 * spans.longest(),
        "window-tokens",
        windowTokens,
        "be at least three times the longest span ("
            + spans.longest()
            + ") under policy "
            + policy);
    // The figures of its segmenter must fit.
    var unused = policy.spans(spans);
  }

  /** How the policy cuts a layer into spans. */
  SpanSettings spansOfPolicy() {
    return policy.spans(spans);
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
        PositionScheme.COMPACT,
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
    return windowTokens + remainderTokens() + chunkTokens;
  }

  /** Most tokens that have left the window and are not yet in a span or block. */
  private int remainderTokens() {
    return switch (policy) {
      case FULL, STREAMING, ORACLE -> 0;
      case INFLLM -> InfLlmMemory.BLOCK_TOKENS;
      default -> 2 * spans.longest();
    };
  }

  /**
   * Where keys stand: the scheme of the settings, or the only one that the policy is defined for.
   */
  public PositionScheme positions() {
    return switch (policy) {
      case FULL -> PositionScheme.COMPACT;
      case INFLLM -> PositionScheme.FIXED;
      default -> positions;
    };
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
    switch (positions()) {
      case COMPACT -> requireSlots(trainedLength, answeringBudgetTokens);
      case FIXED ->
          require(
              windowTokens + (long) chunkTokens <= trainedLength,
              "the sum of window-tokens and chunk-tokens",
              windowTokens + chunkTokens,
              "not exceed the " + trainedLength + " tokens that the model was trained for");
      case TRUE ->
          require(
              chunkTokens <= trainedLength,
              "chunk-tokens",
              chunkTokens,
              "not exceed the " + trainedLength + " tokens that the model was trained for");
    }
  }

  private void requireSlots(int trainedLength, int answeringBudgetTokens) {
    int most = policy.usesIndex() ? lookup.mostBudgetTokens(budgetTokens) : budgetTokens;
    int budget = policy == PolicyName.STREAMING ? 0 : Math.max(most, answeringBudgetTokens);
    int remainder = remainderTokens();
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
        positions,
        lookup);
  }

  /** The settings by name, for a document's identity. */
  public Map<String, String> identity() {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("policy", policy.toString());
    fields.put("storage", storage.name().toLowerCase(Locale.ROOT));
    fields.put("positions", positions().toString());
    fields.put("chunk-tokens", Integer.toString(chunkTokens));
    if (policy != PolicyName.FULL) {
      fields.put("sink-tokens", Integer.toString(sinkTokens));
      fields.put("window-tokens", Integer.toString(windowTokens));
    }
    if (policy == PolicyName.INFLLM) {
      fields.put("reading-budget-tokens", Integer.toString(budgetTokens));
      fields.put("block-tokens", Integer.toString(InfLlmMemory.BLOCK_TOKENS));
      fields.put("representatives", Integer.toString(InfLlmMemory.REPRESENTATIVES));
    }
    if (policy == PolicyName.ORACLE) {
      fields.put("reading-budget-tokens", Integer.toString(budgetTokens));
      fields.put("lookup-queries", Integer.toString(lookupQueries));
    }
    if (policy.usesIndex()) {
      fields.put("reading-budget-tokens", Integer.toString(budgetTokens));
      fields.put("candidate-multiple", Integer.toString(candidateMultiple));
      fields.put("lookup-queries", Integer.toString(lookupQueries));
      fields.put("span-shortest", Integer.toString(spans.shortest()));
      fields.put("span-longest", Integer.toString(spans.longest()));
      fields.put("theta-factor", Double.toString(spans.thetaFactor()));
      fields.put("span-cost", Double.toString(spans.spanCost()));
      fields.put("most-dynamic-vectors", Integer.toString(spans.mostDynamicVectors()));
      putWhatDiffersFromTheDefault(fields);
      fields.putAll(lookup.identity());
    }
    return fields;
  }

  /** Left out where it is the default, so that documents that were read before it existed fit. */
  private void putWhatDiffersFromTheDefault(Map<String, String> fields) {
    SpanSettings actual = spansOfPolicy();
    Cutting cutting = actual.cutting();
    SegmenterName segmenter = cutting.segmenter();
    if (segmenter != SegmenterName.DYNAMIC_PROGRAM) {
      fields.put("segmenter", spelt(segmenter));
    }
    switch (segmenter) {
      case DYNAMIC_PROGRAM, SENTENCE -> {}
      case NMS -> fields.put("nms-overlap", Double.toString(cutting.nmsOverlap()));
      case UNIFORM, RANDOM ->
          fields.put("span-uniform-tokens", Integer.toString(cutting.uniformTokens()));
      case SURPRISE -> {
        fields.put("surprise-factor", Double.toString(cutting.surpriseFactor()));
        fields.put("surprise-window-tokens", Integer.toString(cutting.surpriseWindowTokens()));
      }
    }
    if (actual.theta() != ThetaForm.BAND) {
      fields.put("theta", spelt(actual.theta()));
      fields.put("theta-constant", Double.toString(actual.thetaConstant()));
    }
    if (actual.vectors() != VectorForm.DYNAMIC) {
      fields.put("span-vectors", spelt(actual.vectors()));
    }
    if (actual.layerGroup() != 1) {
      fields.put("span-layer-group", Integer.toString(actual.layerGroup()));
    }
  }

  private static String spelt(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
