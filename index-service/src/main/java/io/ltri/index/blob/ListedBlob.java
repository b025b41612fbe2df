package io.ltri.index.blob;

/**
 * A key of a list.
 *
 * @param bytes how many lie under it
 * @param version as of {@link Blob}
 */
public record ListedBlob(String key, long bytes, String version) {}
