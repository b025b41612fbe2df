package io.ltri.index.store;

/**
 * A file of a sealed document.
 *
 * @param name within the document's folder, {@code /} between parts
 * @param sha256 in hexadecimal digits
 * @param range of layers that it belongs to; -1: to all
 */
public record CopiedFile(String name, long bytes, String sha256, int range) {}
