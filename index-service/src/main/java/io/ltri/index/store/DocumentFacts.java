package io.ltri.index.store;

import java.util.HashMap;
import java.util.Map;

/**
 * What may change of a document whose content never does.
 *
 * @param tenant whose bytes these are; empty: nobody's in particular. Never changes.
 * @param lastUsedAtMillis when it was last read, or sealed if never
 * @param expiresAtMillis deleted at this time; 0: never
 * @param extendByMillis each use puts the end off to so long after it; 0: it stays
 * @param pinned never evicted
 * @param labels names and tags
 * @param buildMillis time that building took; 0: unknown. Never changes.
 */
public record DocumentFacts(
    String tenant,
    long lastUsedAtMillis,
    long expiresAtMillis,
    long extendByMillis,
    boolean pinned,
    Map<String, String> labels,
    long buildMillis) {

  private static final int LONGEST_LABEL_KEY = 256;
  private static final int MOST_LABEL_CHARACTERS = 1 << 16;

  /** Nothing is known. */
  public static final DocumentFacts NONE = new DocumentFacts("", 0, 0, 0, false, Map.of(), 0);

  public DocumentFacts {
    labels = Map.copyOf(labels);
    if (expiresAtMillis < 0 || extendByMillis < 0 || buildMillis < 0) {
      throw new InvalidInputException(
          "times can not be negative: expires_at_millis %d, extend_by_millis %d, build_millis %d"
              .formatted(expiresAtMillis, extendByMillis, buildMillis));
    }
    if (extendByMillis > 0 && expiresAtMillis == 0) {
      throw new InvalidInputException(
          "extend_by_millis puts off the end of a document, and this one has none: give it one, or leave out extend_by_millis");
    }
    int characters = 0;
    for (Map.Entry<String, String> label : labels.entrySet()) {
      if (label.getKey().isEmpty() || label.getKey().length() > LONGEST_LABEL_KEY) {
        throw new InvalidInputException(
            "the name of a label must have 1 to %d characters".formatted(LONGEST_LABEL_KEY));
      }
      characters += label.getKey().length() + label.getValue().length();
    }
    if (characters > MOST_LABEL_CHARACTERS) {
      throw new InvalidInputException(
          "labels have %d characters together; a document may have %d"
              .formatted(characters, MOST_LABEL_CHARACTERS));
    }
  }

  static DocumentFacts of(String tenant, long nowMillis) {
    return new DocumentFacts(tenant, nowMillis, 0, 0, false, Map.of(), 0);
  }

  /** Whether its time is over. */
  public boolean isExpired(long nowMillis) {
    return expiresAtMillis != 0 && expiresAtMillis <= nowMillis;
  }

  DocumentFacts sealed(SealFacts seal, long nowMillis) {
    return new DocumentFacts(
        tenant,
        nowMillis,
        seal.expireAfterMillis() == 0 ? 0 : Math.addExact(nowMillis, seal.expireAfterMillis()),
        seal.extendByMillis(),
        pinned,
        labels,
        seal.buildMillis());
  }

  DocumentFacts used(long nowMillis) {
    long end =
        extendByMillis == 0
            ? expiresAtMillis
            : Math.max(expiresAtMillis, nowMillis + extendByMillis);
    return new DocumentFacts(
        tenant,
        Math.max(lastUsedAtMillis, nowMillis),
        end,
        extendByMillis,
        pinned,
        labels,
        buildMillis);
  }

  /** As after a use at this time, if uses put off its end. */
  public DocumentFacts putOff(long usedAtMillis) {
    return extendByMillis == 0 ? this : used(usedAtMillis);
  }

  DocumentFacts changed(FactsChange change, long nowMillis) {
    Long end = change.expiresAtMillis();
    if (end != null && end != 0 && end <= nowMillis) {
      throw new InvalidInputException(
          "expires_at_millis %d lies in the past: delete the document instead".formatted(end));
    }
    Long extend = change.extendByMillis();
    if (extend == null) {
      // Without an end there is nothing to put off.
      extend = end != null && end == 0 ? 0 : extendByMillis;
    }
    Map<String, String> all = new HashMap<>(labels);
    change.removeLabels().forEach(all::remove);
    all.putAll(change.setLabels());
    return new DocumentFacts(
        tenant,
        lastUsedAtMillis,
        end == null ? expiresAtMillis : end,
        extend,
        change.pinned() == null ? pinned : change.pinned(),
        all,
        buildMillis);
  }
}
