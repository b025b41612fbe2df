package io.ltri.inference.http;

/**
 * One token of an answer.
 *
 * @param text its own, U+FFFD where it is part of a character
 * @param bytes of the text
 * @param logProbability natural logarithm
 * @param top the most probable tokens in its place, the first of them first
 */
record Piece(String text, byte[] bytes, float logProbability, java.util.List<Piece> top) {}
