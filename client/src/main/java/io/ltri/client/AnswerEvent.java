package io.ltri.client;

/** A part of an answer: texts, then its figures. */
public sealed interface AnswerEvent permits AnswerText, AnswerFigures {}
