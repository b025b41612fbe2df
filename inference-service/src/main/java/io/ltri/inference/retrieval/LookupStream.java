package io.ltri.inference.retrieval;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Look-ups of one sequence, answered in the order in which they are asked. One thread at a time.
 */
public interface LookupStream extends AutoCloseable {

  /** A look-up on its way. */
  interface Asked {

    /**
     * Waits for the answer.
     *
     * @param deadline the wait ends after this long
     * @return best first
     * @throws IndexException if there is no answer in time or the index reports an error; the
     *     stream can be used again
     */
    List<Candidate> await(Duration deadline);

    /** Whether {@link #await} returns or fails at once; so where a look-up is computed in place. */
    default boolean isAnswered() {
      return true;
    }

    /**
     * Says when the answer comes, so that what it needs can be prepared.
     *
     * @param then called at most once, by whoever brings the answer, which it must not keep for
     *     long; never, where the look-up fails or nobody brings answers
     */
    default void whenAnswered(Consumer<List<Candidate>> then) {}
  }

  /**
   * Sends a look-up for the spans of one layer that the queries attend to most, and does not wait.
   *
   * @param queries float32 [queryHeads, count, headDim], rotated for look-up; free for reuse when
   *     this returns
   * @param candidateTokens the best spans of stage one, up to so many tokens together, are
   *     candidates
   * @param returnTokens at most so many tokens are returned; 0: all candidates
   * @throws IndexException if it cannot be sent; the stream can be used again
   */
  Asked ask(
      int layer,
      MemorySegment queries,
      int count,
      int candidateTokens,
      int returnTokens,
      SearchRule rule);

  /** Look-ups for which a second node was asked, because the first took long. */
  default long hedged() {
    return 0;
  }

  @Override
  void close();
}
