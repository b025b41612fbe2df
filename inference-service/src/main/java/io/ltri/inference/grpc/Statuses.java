package io.ltri.inference.grpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.ltri.inference.access.AccessException;
import io.ltri.inference.engine.RequestException;
import io.ltri.inference.retrieval.IndexException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one table from exceptions to gRPC statuses. */
final class Statuses {
  private static final Logger log = LoggerFactory.getLogger(Statuses.class);

  private Statuses() {}

  /** A description is sent in a trailer, and those are limited. */
  private static final int MOST_CHARACTERS = 1_000;

  static StatusRuntimeException of(Throwable failure) {
    StatusRuntimeException status = status(failure);
    String description = status.getStatus().getDescription();
    return description == null || description.length() <= MOST_CHARACTERS
        ? status
        : status
            .getStatus()
            .withDescription(description.substring(0, MOST_CHARACTERS) + "...")
            .asRuntimeException();
  }

  private static StatusRuntimeException status(Throwable failure) {
    return switch (failure) {
      case StatusRuntimeException status -> status;
      case RequestException e ->
          (switch (e.reason()) {
                case BAD_INPUT, TOO_LONG -> Status.INVALID_ARGUMENT;
                case NOT_FOUND -> Status.NOT_FOUND;
                case INCOMPATIBLE -> Status.FAILED_PRECONDITION;
                case CANCELLED -> Status.CANCELLED;
                case FULL, BUSY -> Status.RESOURCE_EXHAUSTED;
              })
              .withDescription(e.getMessage())
              .asRuntimeException();
      case AccessException e ->
          (switch (e.reason()) {
                case NO_CREDENTIAL -> Status.UNAUTHENTICATED;
                case NOT_ALLOWED -> Status.PERMISSION_DENIED;
                case TOO_MANY -> Status.RESOURCE_EXHAUSTED;
              })
              .withDescription(e.getMessage())
              .asRuntimeException();
      case IndexException e -> {
        log.warn("the index failed a request: {}", e.getMessage());
        Status status =
            switch (e.reason()) {
              case UNAVAILABLE, ENDED -> Status.UNAVAILABLE;
              case TOO_LATE -> Status.DEADLINE_EXCEEDED;
              case NOT_FOUND -> Status.NOT_FOUND;
              case WRONG_STATE -> Status.FAILED_PRECONDITION;
              case DAMAGED -> Status.DATA_LOSS;
              case FULL -> Status.RESOURCE_EXHAUSTED;
              case REFUSED -> Status.INVALID_ARGUMENT;
              case INTERNAL -> Status.INTERNAL;
            };
        yield status.withDescription(e.getMessage()).asRuntimeException();
      }
      case IllegalArgumentException e ->
          Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException();
      default -> {
        log.error("a request failed", failure);
        yield Status.INTERNAL
            .withDescription("a defect of the server, see its log: " + failure)
            .asRuntimeException();
      }
    };
  }
}
