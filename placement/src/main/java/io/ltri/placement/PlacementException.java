package io.ltri.placement;

/** The coordination service can not be reached, or refuses. */
public final class PlacementException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public PlacementException(String message) {
    super(message);
  }

  public PlacementException(String message, Throwable cause) {
    super(message, cause);
  }
}
