package io.ltri.evaluation.task;

import java.util.List;

public record Sample(
    String task,
    String id,
    int length,
    double depth,
    long seed,
    String document,
    String question,
    String answerPrefix,
    List<String> references,
    Match match,
    int maxTokens) {}
