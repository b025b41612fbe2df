package io.ltri.index.store;

/** The disk is full. Nothing was half-written. */
public final class NoRoomException extends StoreException {

  public NoRoomException(String message) {
    super(message);
  }

  public NoRoomException(String message, Throwable cause) {
    super(message, cause);
  }
}
