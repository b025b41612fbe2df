package io.ltri.inference.attention;

import org.jspecify.annotations.Nullable;

/** Where the spans go that a sequence closes. Any thread. */
interface OwnSpans {

  /**
   * The document that takes them, made if need be.
   *
   * @throws io.ltri.inference.retrieval.IndexException if it cannot be made
   */
  String id();

  /** Null if there is none yet. */
  @Nullable String idIfMade();

  /** The index knows this document no more: the next spans go into a new one, if there can be. */
  void lost(String id);

  /** It was sealed: it takes no more spans, and the end of the sequence is not its end. */
  void keep();

  /** The sequence has ended. */
  void end();

  /**
   * A document that is being built, which is not this sequence's to end.
   *
   * @param started it may have spans already
   */
  static OwnSpans building(String documentId, boolean started) {
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
      public void lost(String id) {}

      @Override
      public void keep() {}

      @Override
      public void end() {}
    };
  }
}
