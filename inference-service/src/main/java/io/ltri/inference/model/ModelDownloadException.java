package io.ltri.inference.model;

import org.jspecify.annotations.Nullable;

/** A model that could not be brought here; the message says how to go on. */
public final class ModelDownloadException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public ModelDownloadException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
