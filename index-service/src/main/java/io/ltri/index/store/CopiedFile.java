package io.ltri.index.store;

/**
 * A file of a sealed document.
 *
 * @param name within the document's folder, {@code /} between parts
 * @param sha256 in hexadecimal digits
 */
public record CopiedFile(String name, long bytes, String sha256) {}
