package io.ltri.index.store;

/** What was collected. */
public record Garbage(
    int expiredDocuments, int abandonedBuilds, int orphanFiles, long freedBytes) {}
