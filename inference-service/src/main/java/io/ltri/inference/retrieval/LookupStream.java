package io.ltri.inference.retrieval;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/** Look-ups of one sequence, one at a time. */
public interface LookupStream extends AutoCloseable {

  /**
   * Finds the spans of one layer that the queries attend to most.
   *
   * @param queries float32 [queryHeads, count, headDim], rotated for look-up; free for reuse when
   *     this returns
   * @param candidateTokens stage two re-scores the best spans of stage one up to so many tokens
   *     together
   * @param returnTokens at most so many tokens are returned
   * @param deadline the wait ends after this long
   * @return best first
   * @throws IndexException if there is no answer in time or the index reports an error; the stream
   *     can be used again
   */
  List<Candidate> search(
      int layer,
      MemorySegment queries,
      int count,
      int candidateTokens,
      int returnTokens,
      Duration deadline);

  @Override
  void close();
}
