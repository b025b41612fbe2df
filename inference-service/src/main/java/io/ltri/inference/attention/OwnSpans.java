package io.ltri.inference.attention;

/** Where the spans go that a sequence closes. Any thread. */
interface OwnSpans {

  /**
   * The document that takes them, made if need be.
   *
   * @throws io.ltri.inference.retrieval.IndexException if it cannot be made
   */
  String id();

  /** The index knows this document no more: the next spans go into a new one, if there can be. */
  void lost(String id);

  /** The sequence has ended. */
  void end();

  /** A document that is being built, which is not this sequence's to end. */
  static OwnSpans building(String documentId) {
    return new OwnSpans() {
      @Override
      public String id() {
        return documentId;
      }

      @Override
      public void lost(String id) {}

      @Override
      public void end() {}
    };
  }
}
