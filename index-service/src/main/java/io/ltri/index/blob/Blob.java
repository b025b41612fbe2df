package io.ltri.index.blob;

/**
 * What lay under a key.
 *
 * @param version of these bytes, for {@link BlobStore#replace}; opaque
 */
@SuppressWarnings("ArrayRecordComponent")
public record Blob(byte[] bytes, String version) {}
