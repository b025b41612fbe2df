package io.ltri.index.search;

/**
 * What is looked for.
 *
 * @param queries already rotated for look-up, {@code [queryHeads, queryCount, headDim]}, row-major
 * @param candidateTokens the second stage re-scores the best spans of the first that hold at most
 *     this many tokens together
 * @param returnTokens at most this many tokens are returned, best spans first; 0: all candidates
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record LookUp(
    int layer, float[] queries, int queryCount, int candidateTokens, int returnTokens) {}
