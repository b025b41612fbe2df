package io.ltri.inference.attention;

import org.jspecify.annotations.Nullable;

/** Where the spans go that a sequence closes. Any thread. */
interface OwnSpans {

  /** The document that takes them; made at the first call if need be. */
  String id();

  /** Null if there is none yet. */
  @Nullable String idIfMade();

  /** It is not to be deleted any more. */
  void keep();

  /** The sequence has ended. */
  void delete();

  /**
   * A document that someone else is building and ends.
   *
   * @param started it may have spans already
   */
  static OwnSpans document(String documentId, boolean started) {
    return new OwnSpans() {
      private volatile boolean made = started;

      @Override
      public String id() {
        made = true;
        return documentId;
      }

      @Override
      public @Nullable String idIfMade() {
        return made ? documentId : null;
      }

      @Override
      public void keep() {}

      @Override
      public void delete() {}
    };
  }
}
