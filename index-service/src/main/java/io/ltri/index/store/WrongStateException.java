package io.ltri.index.store;

/** The document is in a state in which this can not be done. */
public final class WrongStateException extends StoreException {

  public WrongStateException(String message) {
    super(message);
  }
}
