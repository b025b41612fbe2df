package io.ltri.index.store;

import java.io.IOException;

/**
 * A write that was not begun, for it would exceed a limit or fill the disk; or one that the full
 * disk cut off. The message says how many bytes are missing and what can be done.
 */
final class RefusedWriteException extends IOException {

  private static final long serialVersionUID = 1;

  RefusedWriteException(String message) {
    super(message);
  }

  RefusedWriteException(String message, Throwable cause) {
    super(message, cause);
  }
}
