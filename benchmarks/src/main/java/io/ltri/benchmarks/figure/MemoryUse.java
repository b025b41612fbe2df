package io.ltri.benchmarks.figure;

/**
 * What a process holds.
 *
 * @param process its name
 * @param residentBytes all of its pages that are in memory
 * @param anonymousBytes of these, its own; the others are of files, which the system takes back
 *     when it needs room
 * @param peakBytes the most that was resident so far
 * @param liveHeapBytes of a JVM, after a collection; 0: none, or not known
 */
public record MemoryUse(
    String process, long residentBytes, long anonymousBytes, long peakBytes, long liveHeapBytes) {}
