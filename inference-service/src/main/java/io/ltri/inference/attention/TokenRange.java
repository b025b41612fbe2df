package io.ltri.inference.attention;

/** Tokens of a text, by position: from start to before end. */
public record TokenRange(int start, int end) {}
