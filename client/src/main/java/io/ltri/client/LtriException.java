package io.ltri.client;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.ltri.edge.access.CallFailure;
import org.jspecify.annotations.Nullable;

/** A call that did not succeed: the gRPC status, and a message for people. */
public final class LtriException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Status.Code code;

  public LtriException(Status.Code code, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /**
   * INVALID_ARGUMENT for input that cannot be used, NOT_FOUND for an unknown document, UNAVAILABLE
   * when the service cannot be reached, FAILED_PRECONDITION when document and server do not fit,
   * CANCELLED, and the other gRPC codes.
   */
  public Status.Code code() {
    return code;
  }

  /** Translates what gRPC throws. {@code peer} names the other side in messages. */
  static LtriException of(Throwable failure, String peer) {
    Status status =
        switch (failure) {
          case LtriException own -> {
            throw own;
          }
          case StatusRuntimeException e -> e.getStatus();
          case StatusException e -> e.getStatus();
          default -> Status.fromThrowable(failure);
        };
    return new LtriException(status.getCode(), message(status, peer), failure);
  }

  private static String message(Status status, String peer) {
    String detail = CallFailure.detail(status);
    String why = detail == null ? "" : ": " + detail;
    return switch (status.getCode()) {
      // The server writes these for people: they stand as they are.
      case INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION, RESOURCE_EXHAUSTED, DATA_LOSS ->
          detail == null ? peer + " answered " + status.getCode() + " without a reason" : detail;
      case UNAVAILABLE -> peer + " cannot be reached or stopped working" + why;
      case DEADLINE_EXCEEDED -> peer + " did not answer in time" + why;
      case CANCELLED -> "cancelled";
      case UNIMPLEMENTED ->
          peer + " does not know this call: it is another service, or another version" + why;
      default -> peer + " failed (" + status.getCode() + ")" + why;
    };
  }
}
