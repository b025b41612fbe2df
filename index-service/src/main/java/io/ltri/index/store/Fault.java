package io.ltri.index.store;

/**
 * What is wrong with a document's bytes.
 *
 * @param file name within the document's folder
 * @param how as a clause: "it is missing", "block of layer 3, span 7 ...: the checksum of the keys
 *     does not match"
 */
record Fault(String file, String how) {

  /** The exception that a reader gets. */
  DataLossException exception(String document) {
    return new DataLossException(
        "document %s: file %s is damaged: %s. Delete the document and read the text again."
            .formatted(document, file, how),
        this);
  }

  static Fault missing(String file) {
    return new Fault(file, "it is missing");
  }

  static Fault size(String file, long bytes, long expected) {
    return new Fault(file, "it has %d bytes and should have %d".formatted(bytes, expected));
  }

  static Fault unreadable(String file, Exception problem) {
    return new Fault(file, "it can not be read: " + problem);
  }

  @Override
  public String toString() {
    return "file " + file + ": " + how;
  }
}
