package io.ltri.index.store;

/** A request that does not fit: shapes, ranges, names. */
public final class InvalidInputException extends StoreException {

  public InvalidInputException(String message) {
    super(message);
  }
}
