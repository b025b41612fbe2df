package io.ltri.index.store;

import org.jspecify.annotations.Nullable;

/** Bytes on disk are not those that were written. The message names document, file and block. */
public final class DataLossException extends StoreException {

  private final transient @Nullable Fault fault;

  public DataLossException(String message) {
    this(message, (Fault) null);
  }

  DataLossException(String message, @Nullable Fault fault) {
    super(message);
    this.fault = fault;
  }

  public DataLossException(String message, Throwable cause) {
    super(message, cause);
    this.fault = null;
  }

  /** What is wrong, where it is known to the file. */
  @Nullable Fault fault() {
    return fault;
  }
}
