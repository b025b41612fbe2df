package io.ltri.client;

import java.time.Instant;

/**
 * What is known of a document that is no more.
 *
 * @param freedBytes that its files occupied
 * @param reason "deleted", "expired", "evicted" or "replaced"
 */
public record DeletedDocument(
    String id, String tenant, Instant deletedAt, long freedBytes, String reason) {}
