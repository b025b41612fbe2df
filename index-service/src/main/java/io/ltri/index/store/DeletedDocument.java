package io.ltri.index.store;

/**
 * A document that is gone.
 *
 * @param freedBytes real bytes on the disk that it had
 */
public record DeletedDocument(
    String id, String tenant, long deletedAtMillis, long freedBytes, DeletionReason reason) {}
