package io.ltri.inference.retrieval;

/** The index refused or could not be asked. */
public final class IndexException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What the caller can do about it. */
  public enum Reason {
    /** No answer: try again later. */
    UNAVAILABLE,
    /** No answer in time. */
    TOO_LATE,
    /** Who asked has ended meanwhile, and says so: nobody needs the answer. */
    ENDED,
    NOT_FOUND,
    /** The document is in a state that does not allow the call. */
    WRONG_STATE,
    /** A checksum does not match: the document is damaged. */
    DAMAGED,
    /** No room for it. */
    FULL,
    /** The caller's file or value is none that it takes. */
    REFUSED,
    /** A defect on one of both sides. */
    INTERNAL
  }

  private final Reason reason;

  public IndexException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public IndexException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
