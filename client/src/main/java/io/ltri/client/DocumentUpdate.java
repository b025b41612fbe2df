package io.ltri.client;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * What is to change of a document; what is empty stays as it is.
 *
 * @param expireAfter from now; zero: never
 * @param extendWithUse each use puts the end off
 * @param promote a kept conversation becomes a document without an end
 */
public record DocumentUpdate(
    Optional<String> title,
    Optional<Boolean> pinned,
    Optional<Duration> expireAfter,
    Optional<Boolean> extendWithUse,
    Set<String> addTags,
    Set<String> removeTags,
    boolean promote) {

  public static DocumentUpdate title(String title) {
    return new DocumentUpdate(
        Optional.of(title),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Set.of(),
        Set.of(),
        false);
  }

  public static DocumentUpdate pinned(boolean pinned) {
    return new DocumentUpdate(
        Optional.empty(),
        Optional.of(pinned),
        Optional.empty(),
        Optional.empty(),
        Set.of(),
        Set.of(),
        false);
  }

  /**
   * @param after from now; zero: never
   */
  public static DocumentUpdate expiry(Duration after, boolean extendWithUse) {
    return new DocumentUpdate(
        Optional.empty(),
        Optional.empty(),
        Optional.of(after),
        Optional.of(extendWithUse),
        Set.of(),
        Set.of(),
        false);
  }

  public static DocumentUpdate tags(Set<String> add, Set<String> remove) {
    return new DocumentUpdate(
        Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), add, remove, false);
  }

  public static DocumentUpdate promotion() {
    return new DocumentUpdate(
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Set.of(),
        Set.of(),
        true);
  }
}
