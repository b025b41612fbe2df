package io.ltri.index.store;

/** What the nodes of a cluster share can not be reached now; what has been done here stays. */
public final class UnavailableException extends StoreException {

  private static final long serialVersionUID = 1L;

  public UnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
