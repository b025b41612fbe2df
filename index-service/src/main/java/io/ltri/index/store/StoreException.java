package io.ltri.index.store;

/**
 * What the store refuses or fails to do. The message says what happened and what the caller can do.
 */
public abstract sealed class StoreException extends RuntimeException
    permits DocumentNotFoundException,
        WrongStateException,
        InvalidInputException,
        DataLossException,
        NoRoomException,
        UnavailableException,
        StorageFailureException {

  StoreException(String message) {
    super(message);
  }

  StoreException(String message, Throwable cause) {
    super(message, cause);
  }
}
