package io.ltri.index.search;

/**
 * What one look-up may ask for; bounds the memory that it takes.
 *
 * @param mostQueries queries per head
 * @param mostCandidateTokens tokens that stage two re-scores
 */
public record SearchLimits(int mostQueries, int mostCandidateTokens) {}
