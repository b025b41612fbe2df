package io.ltri.inference.retrieval;

import java.time.Duration;
import java.util.Map;

/**
 * What is said of a document when it is sealed.
 *
 * @param attributes added to those given at creation
 * @param buildTime that reading it took
 * @param promote it was ephemeral, and becomes a listed document
 * @param expireAfter zero: never
 * @param extendWithUse each use puts the end off to expireAfter from then
 */
public record Seal(
    Map<String, String> attributes,
    Duration buildTime,
    boolean promote,
    Duration expireAfter,
    boolean extendWithUse) {

  /** Without an end, of a document that was not ephemeral. */
  public static Seal of(Map<String, String> attributes) {
    return new Seal(attributes, Duration.ZERO, false, Duration.ZERO, false);
  }
}
