package io.ltri.index.search;

import java.util.List;

/**
 * What was found.
 *
 * @param candidates best first, by the sum of their mass over the heads; with one stage, by its
 *     rule
 * @param logSums {@code [queryHeads, queryCount]}: log of the sum of exp(score) over all candidate
 *     tokens; with one stage, over all spans that it scored
 * @param vectorsSearched summary vectors compared in the first stage, each counted once and not
 *     once per KV head; 0 when every span was a candidate anyway and is scored by its keys
 * @param tokensRescored tokens of all candidates; 0 with one stage
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record LookUpAnswer(
    List<Candidate> candidates, float[] logSums, long vectorsSearched, long tokensRescored) {

  /**
   * A span that may be worth attending to.
   *
   * @param document position in the list of documents searched
   * @param span ordinal within the layer of that document
   * @param mass {@code [queryHeads]}: the sum over the span's tokens of the largest probability
   *     over the queries; with one stage, the span's largest share over the queries
   */
  public record Candidate(int document, int span, int start, int end, float[] mass) {}
}
