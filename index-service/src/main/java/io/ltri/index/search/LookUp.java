package io.ltri.index.search;

/**
 * What is looked for.
 *
 * @param queries already rotated for look-up, {@code [queryHeads, queryCount, headDim]}, row-major
 * @param candidateTokens the best spans of the first stage that hold at most this many tokens
 *     together are candidates
 * @param returnTokens at most this many tokens are returned, best spans first; 0: all candidates
 * @param stageOne how the first stage ranks spans
 * @param oneStage whether the second stage is left out
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record LookUp(
    int layer,
    float[] queries,
    int queryCount,
    int candidateTokens,
    int returnTokens,
    StageOne stageOne,
    boolean oneStage) {

  /** How the shares of a span, per head and query, become one order of spans. */
  public enum StageOne {
    /** The largest over the queries, summed over the heads. */
    SUM,
    /** The largest over heads and queries. */
    MAX
  }

  /** In two stages, the first with the sum over the heads. */
  public LookUp(int layer, float[] queries, int queryCount, int candidateTokens, int returnTokens) {
    this(layer, queries, queryCount, candidateTokens, returnTokens, StageOne.SUM, false);
  }
}
