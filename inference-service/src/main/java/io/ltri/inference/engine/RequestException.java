package io.ltri.inference.engine;

/**
 * A request that cannot be served as it is. The message says what happened, why, and what to do.
 */
public final class RequestException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What the caller can do about it. */
  public enum Reason {
    /** Send something else. */
    BAD_INPUT,
    /** Send something shorter. */
    TOO_LONG,
    /** There is no such document. */
    NOT_FOUND,
    /** The document does not fit the running model or settings. */
    INCOMPATIBLE,
    /** The caller has gone. */
    CANCELLED,
    /** No room on the disk. */
    FULL,
    /** Too many others are served: try again later. */
    BUSY
  }

  private final Reason reason;

  public RequestException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public RequestException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
