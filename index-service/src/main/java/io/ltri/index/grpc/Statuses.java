package io.ltri.index.grpc;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.ltri.index.store.DataLossException;
import io.ltri.index.store.DocumentNotFoundException;
import io.ltri.index.store.InvalidInputException;
import io.ltri.index.store.NoRoomException;
import io.ltri.index.store.StorageFailureException;
import io.ltri.index.store.StoreException;
import io.ltri.index.store.UnavailableException;
import io.ltri.index.store.WrongStateException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one table from exceptions to gRPC statuses. */
final class Statuses {

  private static final Logger LOG = LoggerFactory.getLogger(Statuses.class);

  /** A description is sent in a trailer, and those are limited. */
  private static final int MOST_CHARACTERS = 1_000;

  private Statuses() {}

  static Status of(Throwable problem) {
    return switch (problem) {
      case StoreException known ->
          code(known).toStatus().withDescription(known.getMessage()).withCause(known);
      case StatusRuntimeException status -> status.getStatus();
      case StatusException status -> status.getStatus();
      case OutOfMemoryError memory ->
          Status.RESOURCE_EXHAUSTED.withDescription(
              "the index service is out of memory: " + memory.getMessage());
      case InternalError mapped ->
          // What Java makes of a page of a mapped file that is not there.
          Status.DATA_LOSS.withDescription(
              "a file of the document can not be read: the disk fails, or the file became shorter"
                  + " while it was in use. Verify the document");
      default -> Status.INTERNAL.withDescription("the index service failed: " + problem);
    };
  }

  private static Status.Code code(StoreException problem) {
    return switch (problem) {
      case DocumentNotFoundException e -> Status.Code.NOT_FOUND;
      case WrongStateException e -> Status.Code.FAILED_PRECONDITION;
      case InvalidInputException e -> Status.Code.INVALID_ARGUMENT;
      case DataLossException e -> Status.Code.DATA_LOSS;
      case NoRoomException e -> Status.Code.RESOURCE_EXHAUSTED;
      case UnavailableException e -> Status.Code.UNAVAILABLE;
      case StorageFailureException e -> Status.Code.INTERNAL;
    };
  }

  /** What is sent to the caller; what the operator should see goes to the log. */
  static StatusRuntimeException toSend(String call, Throwable problem) {
    Status status = of(problem);
    switch (status.getCode()) {
      case INTERNAL -> LOG.error("{} failed", call, problem);
      case DATA_LOSS, RESOURCE_EXHAUSTED -> LOG.error("{}: {}", call, status.getDescription());
      default -> LOG.debug("{}: {}", call, status);
    }
    String description = status.getDescription();
    if (description != null && description.length() > MOST_CHARACTERS) {
      status = status.withDescription(description.substring(0, MOST_CHARACTERS) + "...");
    }
    return status.withCause(null).asRuntimeException();
  }
}
