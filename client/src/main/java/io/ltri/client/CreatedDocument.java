package io.ltri.client;

import java.time.Duration;

/**
 * The outcome of reading.
 *
 * @param document the document, ready for questions
 * @param read false when it was known, so that nothing was read
 * @param elapsed time inside the service
 */
public record CreatedDocument(Document document, boolean read, Duration elapsed) {}
