package io.ltri.index.store;

/** Bytes on disk are not those that were written. The message names document, file and block. */
public final class DataLossException extends StoreException {

  public DataLossException(String message) {
    super(message);
  }

  public DataLossException(String message, Throwable cause) {
    super(message, cause);
  }
}
