package io.ltri.index.blob;

/** A blob store did not do what it was asked. */
public final class BlobException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Reason {
    /** It does not answer, or not now; whether the operation was carried out is not known. */
    UNAVAILABLE,
    /** It does not let us. */
    DENIED,
    /** There is nothing under this key. */
    NOT_FOUND,
    /** The bytes are not those that they should be. */
    DAMAGED
  }

  private final Reason reason;

  public BlobException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public BlobException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
