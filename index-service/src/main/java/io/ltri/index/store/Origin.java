package io.ltri.index.store;

/**
 * Where a document comes from; given when it is created, never changed.
 *
 * @param tenant whose bytes these are; empty: nobody's in particular
 * @param parentId the sealed document that this one continues; empty: none
 */
public record Origin(String tenant, String parentId) {

  /** Nobody's, and continuing nothing. */
  public static final Origin NONE = new Origin("", "");

  boolean hasParent() {
    return !parentId.isEmpty();
  }
}
