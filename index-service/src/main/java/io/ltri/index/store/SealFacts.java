package io.ltri.index.store;

/**
 * What a seal says of the life of a document, beside its content.
 *
 * @param buildMillis time that building took; 0: unknown
 * @param expireAfterMillis deleted so long after the seal; 0: never
 * @param extendByMillis each use puts the end off to so long after it; 0: it stays
 */
public record SealFacts(long buildMillis, long expireAfterMillis, long extendByMillis) {

  public static final SealFacts NONE = new SealFacts(0, 0, 0);

  public SealFacts {
    if (buildMillis < 0 || expireAfterMillis < 0 || extendByMillis < 0) {
      throw new InvalidInputException(
          "build_millis, expire_after_millis and extend_by_millis can not be negative: %d, %d, %d"
              .formatted(buildMillis, expireAfterMillis, extendByMillis));
    }
  }
}
