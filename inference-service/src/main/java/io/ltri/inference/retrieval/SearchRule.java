package io.ltri.inference.retrieval;

/**
 * What an index does in a look-up.
 *
 * @param stageOne how spans are ranked by their index vectors
 * @param rescored whether the best of them are scored again with their own keys; otherwise a
 *     candidate's mass is its share among the spans by their vectors
 */
public record SearchRule(StageOne stageOne, boolean rescored) {

  /** How the shares that a span's vectors get, per head and query, become one order of spans. */
  public enum StageOne {
    /** The largest over the queries, summed over the heads. */
    SUM,
    /** The largest over heads and queries. */
    MAX
  }

  public static final SearchRule DEFAULT = new SearchRule(StageOne.SUM, true);
}
