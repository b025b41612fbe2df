package io.ltri.inference.engine;

import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is to change of a document; null stays as it is. What was read never changes.
 *
 * @param expireAfter from now; zero: never
 * @param extendWithUse each use puts the end off by as much again
 * @param promote a kept conversation becomes a document without an end
 */
public record DocumentChange(
    @Nullable String title,
    @Nullable Boolean pinned,
    @Nullable Duration expireAfter,
    @Nullable Boolean extendWithUse,
    Set<String> addTags,
    Set<String> removeTags,
    boolean promote) {}
