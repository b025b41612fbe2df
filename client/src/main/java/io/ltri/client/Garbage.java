package io.ltri.client;

/**
 * What a collection of garbage removed.
 *
 * @param expiredDocuments whose end had come
 * @param abandonedReadings that were cut off and nobody went on with
 * @param orphanFiles that belonged to nothing
 */
public record Garbage(
    int expiredDocuments, int abandonedReadings, int orphanFiles, long freedBytes) {}
