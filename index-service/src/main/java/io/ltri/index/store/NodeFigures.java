package io.ltri.index.store;

/**
 * Figures of the whole store.
 *
 * @param documents sealed
 * @param sizeBytes real bytes of everything that belongs to documents, builds included
 * @param quotaBytes limit of {@code sizeBytes}; 0: none but the disk's
 * @param freeBytes what is left within quota and disk
 * @param damaged documents that can not be opened
 * @param builds documents that are being built, without those of one sequence
 */
public record NodeFigures(
    int documents, long sizeBytes, long quotaBytes, long freeBytes, int damaged, int builds) {}
