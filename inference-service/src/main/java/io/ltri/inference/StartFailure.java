package io.ltri.inference;

import java.net.BindException;

/** Says in one sentence why a service did not start. */
final class StartFailure {

  private StartFailure() {}

  static String sentence(Throwable failure) {
    Throwable cause = failure;
    while (true) {
      if (cause instanceof BindException) {
        return "its port is taken ("
            + cause.getMessage()
            + "): stop the process that holds it, or choose another port (0: any)";
      }
      if (cause.getCause() == null || cause.getCause() == cause) {
        break;
      }
      cause = cause.getCause();
    }
    String message = cause.getMessage();
    return message == null ? cause.toString() : message;
  }
}
