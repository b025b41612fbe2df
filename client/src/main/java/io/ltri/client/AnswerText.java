package io.ltri.client;

import java.util.List;

/**
 * A piece of the answer.
 *
 * @param text whole characters only
 * @param tokenIds the tokens behind it
 * @param logProbabilities one per token, when asked for
 * @param sources what the step looked at that made the token, best first, without text; when asked
 *     for
 * @param mostProbable in the place of the token, most probable first; when asked for
 */
public record AnswerText(
    String text,
    List<Integer> tokenIds,
    List<Float> logProbabilities,
    List<Source> sources,
    List<TokenProbability> mostProbable)
    implements AnswerEvent {}
