package io.ltri.inference.access;

/** A caller is not who it must be. The message says what to do and holds no secret. */
public final class AccessException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What the caller can do about it. */
  public enum Reason {
    /** Send a token that is known and has not expired. gRPC UNAUTHENTICATED, HTTP 401. */
    NO_CREDENTIAL,
    /** Use another token. gRPC PERMISSION_DENIED, HTTP 403. */
    NOT_ALLOWED,
    /** Wait. gRPC RESOURCE_EXHAUSTED, HTTP 429. */
    TOO_MANY
  }

  private final Reason reason;

  public AccessException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
