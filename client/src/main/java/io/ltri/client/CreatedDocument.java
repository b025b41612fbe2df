package io.ltri.client;

import java.time.Duration;

/**
 * The outcome of reading.
 *
 * @param document the document, ready for questions
 * @param read false when it was known, so that nothing was read
 * @param elapsed time inside the service
 * @param reusedTokens of its tokens, not read now: it was known, or continues another, or an
 *     earlier reading was cut off
 */
public record CreatedDocument(
    Document document, boolean read, Duration elapsed, long reusedTokens) {}
