package io.ltri.client;

import java.util.List;

/**
 * A whole answer.
 *
 * @param text of it
 * @param tokenIds of it
 * @param logProbabilities one per token, when asked for
 * @param figures what it cost
 */
public record Answer(
    String text, List<Integer> tokenIds, List<Float> logProbabilities, AnswerFigures figures) {}
