package io.ltri.client;

import java.time.Duration;
import java.util.List;

/**
 * What an answer cost.
 *
 * @param finishReason why it ended
 * @param promptTokens document and question together
 * @param reusedTokens of these, taken from the index instead of computed
 * @param generatedTokens of the answer
 * @param lookups made
 * @param lookupsMissed failed, late or not complete: those steps went on with what was there
 * @param firstMiss why the first of them failed; empty when none did
 * @param spansFetched blocks that came from the index
 * @param bytesFetched in those blocks
 * @param spansFromCache needed, and already there
 * @param firstToken from the request's arrival to the first token
 * @param elapsed from the request's arrival to the end
 * @param seed that was used
 * @param documentId of the document that was used; empty when none was
 * @param retrievedTokens placed before the window, summed over the look-ups
 * @param recomputedTokens computed a second time because the index failed
 * @param spansLost of question and answer, that the index did not take or lost
 * @param blocksDamaged that the index found damaged; the first is named in the first miss
 * @param reuseMissed why known documents could not be used for the beginning of the prompt; empty
 *     when they could
 * @param keptId the kept conversation; empty when none was asked for, or it could not be kept
 * @param keepProblem why it could not be kept; empty when it was, or none was asked for
 * @param sources that the answer looked at most, best first, disjoint; when asked for
 * @param documentAttention share of the attention that went to documents, their sink left out; that
 *     of each source is a part of it; 0 when they were not asked for
 */
public record AnswerFigures(
    FinishReason finishReason,
    long promptTokens,
    long reusedTokens,
    long generatedTokens,
    long lookups,
    long lookupsMissed,
    String firstMiss,
    long spansFetched,
    long bytesFetched,
    long spansFromCache,
    Duration firstToken,
    Duration elapsed,
    long seed,
    String documentId,
    long retrievedTokens,
    long recomputedTokens,
    long spansLost,
    long blocksDamaged,
    String reuseMissed,
    String keptId,
    String keepProblem,
    List<Source> sources,
    double documentAttention)
    implements AnswerEvent {

  /** Why an answer ended. */
  public enum FinishReason {
    /** A stop token or a stop text. */
    STOP,
    /** The most tokens allowed. */
    LENGTH,
    /** The deadline of the question. */
    DEADLINE,
    /** One that this client does not know. */
    OTHER
  }

  /**
   * Of the answer, without the first token, whose wait is the prompt's; 0 when there is nothing to
   * divide.
   */
  public double tokensPerSecond() {
    double seconds = elapsed.minus(firstToken).toMillis() / 1000.0;
    return generatedTokens < 2 || seconds <= 0 ? 0 : (generatedTokens - 1) / seconds;
  }
}
