package io.ltri.client;

import java.time.Duration;

/**
 * How far reading has come.
 *
 * @param tokens read so far
 * @param textBytes of the text, read so far
 * @param totalTextBytes 0 when unknown
 * @param elapsed since reading began
 */
public record ReadingProgress(long tokens, long textBytes, long totalTextBytes, Duration elapsed) {}
