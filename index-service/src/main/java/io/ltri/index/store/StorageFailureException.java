package io.ltri.index.store;

/** The operating system refused to read or write. Nothing was half-written. */
public final class StorageFailureException extends StoreException {

  public StorageFailureException(String message) {
    super(message);
  }

  public StorageFailureException(String message, Throwable cause) {
    super(message, cause);
  }
}
