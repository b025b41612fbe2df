package io.ltri.index.store;

/**
 * Where a document comes from; given when it is created, never changed.
 *
 * @param tenant whose bytes these are; empty: nobody's in particular
 * @param parentId the sealed document that this one continues; empty: none
 * @param parentTokens of the parent, the boundary behind which this one goes on; 0: its end
 */
public record Origin(String tenant, String parentId, long parentTokens) {

  /** Nobody's, and continuing nothing. */
  public static final Origin NONE = new Origin("", "");

  /** At the end of its parent, if it has one. */
  public Origin(String tenant, String parentId) {
    this(tenant, parentId, 0);
  }

  boolean hasParent() {
    return !parentId.isEmpty();
  }

  /** What it continues, as it is searched. */
  public DocumentPart parent() {
    return new DocumentPart(parentId, parentTokens);
  }
}
