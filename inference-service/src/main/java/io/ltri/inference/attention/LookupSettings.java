package io.ltri.inference.attention;

import io.ltri.inference.retrieval.SearchRule;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The switches of a look-up: how candidates are found, how they are ranked, how often. {@code
 * docs/method.md}, section 5, has the formulas. {@link #DEFAULT} has all of them off.
 *
 * @param neighbourShare beta: half of it times the scores of the candidates that touch a span in
 *     the text is added to the span's own
 * @param memoryDecay lambda, below 1: a chunk's scores go on in the next chunk's, times this
 * @param pinnedShare share of the budget that what the last chunk chose keeps while tokens are
 *     decoded
 * @param massThreshold spans are taken until they hold this share of the candidates' attention
 *     mass; 1: until the budget is filled
 * @param headWeight weight of the mass of retrieval heads; that of the others is 1
 * @param heads the retrieval heads; none where no file names them
 * @param background a head's mass counts only as far as it exceeds this many times what the span
 *     would get if the head looked at all candidate tokens alike
 * @param voteShare mu: the attention that retrieval heads of other layers give to the same tokens
 *     is added to a span's score, times this
 * @param budgetByLayer a factor of the budget for each layer; empty: 1 for all
 * @param lookupEvery a decode step looks up after so many steps
 * @param lookupLag 1: a decode step attends to what the queries of the step before found
 * @param lookupAheadFrom in a decode step the queries of this layer and of those after it are
 *     estimated from the input of the layer before, so that a look-up is on its way while that one
 *     computes; 0: of none
 * @param seldomLayers of the steps of one token after a chunk, the first so many layers look up in
 *     the first and then in each {@link #SELDOM}-th, and keep their spans in between
 * @param search what the index does
 */
public record LookupSettings(
    double neighbourShare,
    double memoryDecay,
    double pinnedShare,
    double massThreshold,
    HeadRule headRule,
    double headWeight,
    RetrievalHeadList heads,
    double background,
    double voteShare,
    List<Double> budgetByLayer,
    int lookupEvery,
    int lookupLag,
    int lookupAheadFrom,
    int seldomLayers,
    SearchRule search) {

  /** Steps of one token from one look-up of a layer that looks up seldom to the next. */
  static final int SELDOM = 16;

  /** How the heads' opinions become one order of spans. */
  public enum HeadRule {
    /** By the sum of the mass over the heads. */
    SUM,
    /** By the largest mass of a head. */
    MAX,
    /** Each head in turn names the best of its spans that is not named yet. */
    RANK
  }

  /** Everything off. */
  public static final LookupSettings DEFAULT =
      new LookupSettings(
          0,
          0,
          0,
          1,
          HeadRule.SUM,
          1,
          RetrievalHeadList.NONE,
          0,
          0,
          List.of(),
          1,
          0,
          0,
          0,
          SearchRule.DEFAULT);

  public LookupSettings {
    requireAtLeastZero("neighbour-share", neighbourShare);
    require(
        memoryDecay >= 0 && memoryDecay < 1, "memory-decay", memoryDecay, "be 0 or more, below 1");
    require(pinnedShare >= 0 && pinnedShare <= 1, "pinned-share", pinnedShare, "be 0 to 1");
    require(
        massThreshold > 0 && massThreshold <= 1,
        "mass-threshold",
        massThreshold,
        "be above 0, at most 1");
    requireAtLeastZero("head-weight", headWeight);
    requireAtLeastZero("background", background);
    requireAtLeastZero("vote-share", voteShare);
    require(
        headWeight == 1 || !heads.isEmpty(),
        "head-weight",
        headWeight,
        "be 1 unless heads-file names the retrieval heads");
    require(
        voteShare == 0 || !heads.isEmpty(),
        "vote-share",
        voteShare,
        "be 0 unless heads-file names the retrieval heads");
    for (double factor : budgetByLayer) {
      requireAtLeastZero("budget-by-layer", factor);
    }
    require(lookupEvery >= 1, "every", lookupEvery, "be at least 1");
    require(lookupLag == 0 || lookupLag == 1, "lag", lookupLag, "be 0 or 1");
    require(lookupAheadFrom >= 0, "ahead-from", lookupAheadFrom, "be 0 or more");
    require(seldomLayers >= 0, "seldom-layers", seldomLayers, "be 0 or more");
    require(
        lookupAheadFrom == 0 || lookupLag == 0,
        "ahead-from",
        lookupAheadFrom,
        "be 0 where lag is 1");
    budgetByLayer = List.copyOf(budgetByLayer);
  }

  private static void requireAtLeastZero(String setting, double value) {
    require(value >= 0 && Double.isFinite(value), setting, value, "be a number of 0 or more");
  }

  private static void require(boolean holds, String setting, double value, String rule) {
    if (!holds) {
      String number =
          value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
      throw new IllegalArgumentException(setting + " is " + number + " but must " + rule);
    }
  }

  /**
   * Checks what depends on the model.
   *
   * @throws IllegalArgumentException naming the setting
   */
  public void requireFits(int layers, int queryHeads) {
    if (!budgetByLayer.isEmpty() && budgetByLayer.size() != layers) {
      throw new IllegalArgumentException(
          "budget-by-layer has %d factors, but the model has %d layers"
              .formatted(budgetByLayer.size(), layers));
    }
    heads.requireFits(layers, queryHeads);
  }

  /** The budget of one layer, in tokens. */
  int budgetTokens(int layer, int budgetTokens) {
    return budgetByLayer.isEmpty()
        ? budgetTokens
        : Math.toIntExact(Math.round(budgetByLayer.get(layer) * budgetTokens));
  }

  /** The budget of the layer that has most, in tokens. */
  int mostBudgetTokens(int budgetTokens) {
    int most = budgetByLayer.isEmpty() ? budgetTokens : 0;
    for (int layer = 0; layer < budgetByLayer.size(); layer++) {
      most = Math.max(most, budgetTokens(layer, budgetTokens));
    }
    return most;
  }

  /** Weight of a head's mass. */
  double weight(int layer, int head) {
    return heads.contains(layer, head) ? headWeight : 1;
  }

  /** Whether a layer looks up in the n-th step of one token after a chunk, from 1. */
  boolean looksUp(int layer, int step) {
    int every = layer < seldomLayers ? Math.max(SELDOM, lookupEvery) : lookupEvery;
    return (step - 1) % every == 0;
  }

  /** Whether a chunk's choice depends on that chunk alone, so that nothing of it has to be kept. */
  boolean forgetsChunks() {
    return memoryDecay == 0 && voteShare == 0;
  }

  /**
   * Whether the best spans by summed mass are all that the choice needs to see; otherwise it is
   * given all candidates.
   */
  boolean ranksBySummedMass() {
    return neighbourShare == 0
        && memoryDecay == 0
        && massThreshold == 1
        && headRule == HeadRule.SUM
        && headWeight == 1
        && background == 0
        && voteShare == 0;
  }

  /**
   * What is not as in {@link #DEFAULT}, by name; for the identity of a document that was read so.
   */
  Map<String, String> identity() {
    Map<String, String> fields = new LinkedHashMap<>();
    put(fields, "neighbour-share", neighbourShare, DEFAULT.neighbourShare);
    put(fields, "memory-decay", memoryDecay, DEFAULT.memoryDecay);
    put(fields, "mass-threshold", massThreshold, DEFAULT.massThreshold);
    put(fields, "head-rule", lower(headRule), lower(DEFAULT.headRule));
    put(fields, "head-weight", headWeight, DEFAULT.headWeight);
    put(fields, "background", background, DEFAULT.background);
    put(fields, "vote-share", voteShare, DEFAULT.voteShare);
    if (headWeight != 1 || voteShare != 0) {
      fields.put("retrieval-heads", heads.toString());
    }
    put(
        fields,
        "budget-by-layer",
        budgetByLayer.stream().map(Object::toString).collect(Collectors.joining(" ")),
        "");
    put(fields, "stage-one", lower(search.stageOne()), lower(DEFAULT.search.stageOne()));
    put(fields, "rescored", search.rescored(), DEFAULT.search.rescored());
    Map<String, String> named = new LinkedHashMap<>();
    fields.forEach((name, value) -> named.put("reading-lookup." + name, value));
    return named;
  }

  private static void put(Map<String, String> fields, String name, Object value, Object usual) {
    if (!value.equals(usual)) {
      fields.put(name, value.toString());
    }
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  public LookupSettings withNeighbourShare(double other) {
    return with(draft -> draft.neighbourShare = other);
  }

  public LookupSettings withMemoryDecay(double other) {
    return with(draft -> draft.memoryDecay = other);
  }

  public LookupSettings withPinnedShare(double other) {
    return with(draft -> draft.pinnedShare = other);
  }

  public LookupSettings withMassThreshold(double other) {
    return with(draft -> draft.massThreshold = other);
  }

  public LookupSettings withHeadRule(HeadRule other) {
    return with(draft -> draft.headRule = other);
  }

  public LookupSettings withHeadWeight(double other) {
    return with(draft -> draft.headWeight = other);
  }

  public LookupSettings withHeads(RetrievalHeadList other) {
    return with(draft -> draft.heads = other);
  }

  public LookupSettings withBackground(double other) {
    return with(draft -> draft.background = other);
  }

  public LookupSettings withVoteShare(double other) {
    return with(draft -> draft.voteShare = other);
  }

  public LookupSettings withBudgetByLayer(List<Double> other) {
    return with(draft -> draft.budgetByLayer = other);
  }

  public LookupSettings withLookupEvery(int other) {
    return with(draft -> draft.lookupEvery = other);
  }

  public LookupSettings withLookupLag(int other) {
    return with(draft -> draft.lookupLag = other);
  }

  public LookupSettings withLookupAheadFrom(int other) {
    return with(draft -> draft.lookupAheadFrom = other);
  }

  public LookupSettings withSeldomLayers(int other) {
    return with(draft -> draft.seldomLayers = other);
  }

  public LookupSettings withSearch(SearchRule other) {
    return with(draft -> draft.search = other);
  }

  private LookupSettings with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.settings();
  }

  /** The same components, to be changed one at a time. */
  private static final class Draft {
    private double neighbourShare;
    private double memoryDecay;
    private double pinnedShare;
    private double massThreshold;
    private HeadRule headRule;
    private double headWeight;
    private RetrievalHeadList heads;
    private double background;
    private double voteShare;
    private List<Double> budgetByLayer;
    private int lookupEvery;
    private int lookupLag;
    private int lookupAheadFrom;
    private int seldomLayers;
    private SearchRule search;

    Draft(LookupSettings from) {
      neighbourShare = from.neighbourShare;
      memoryDecay = from.memoryDecay;
      pinnedShare = from.pinnedShare;
      massThreshold = from.massThreshold;
      headRule = from.headRule;
      headWeight = from.headWeight;
      heads = from.heads;
      background = from.background;
      voteShare = from.voteShare;
      budgetByLayer = from.budgetByLayer;
      lookupEvery = from.lookupEvery;
      lookupLag = from.lookupLag;
      lookupAheadFrom = from.lookupAheadFrom;
      seldomLayers = from.seldomLayers;
      search = from.search;
    }

    LookupSettings settings() {
      return new LookupSettings(
          neighbourShare,
          memoryDecay,
          pinnedShare,
          massThreshold,
          headRule,
          headWeight,
          heads,
          background,
          voteShare,
          budgetByLayer,
          lookupEvery,
          lookupLag,
          lookupAheadFrom,
          seldomLayers,
          search);
    }
  }
}
