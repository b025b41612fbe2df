package io.ltri.client;

import java.time.Instant;
import java.util.Map;

/**
 * A document that the model has read.
 *
 * @param id the handle by which questions name it
 * @param title shown in lists
 * @param tokens how many tokens it has
 * @param textBytes length of the text, UTF-8
 * @param sizeBytes what it occupies in the index
 * @param spans over all layers
 * @param createdAt when it was read
 * @param digest SHA-256 over what determines the content
 * @param identity the fields of the digest, readable
 * @param readWith compute precision and device that read it; not part of the digest
 * @param searchMode how its spans are looked up
 */
public record Document(
    String id,
    String title,
    long tokens,
    long textBytes,
    long sizeBytes,
    long spans,
    Instant createdAt,
    String digest,
    Map<String, String> identity,
    String readWith,
    String searchMode) {}
