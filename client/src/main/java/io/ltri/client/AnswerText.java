package io.ltri.client;

import java.util.List;

/**
 * A piece of the answer.
 *
 * @param text whole characters only
 * @param tokenIds the tokens behind it
 * @param logProbabilities one per token, when asked for
 */
public record AnswerText(String text, List<Integer> tokenIds, List<Float> logProbabilities)
    implements AnswerEvent {}
