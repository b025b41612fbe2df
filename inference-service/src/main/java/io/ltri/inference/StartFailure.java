package io.ltri.inference;

import java.net.BindException;
import org.springframework.boot.web.server.PortInUseException;

/** Says in one sentence why a service did not start. */
final class StartFailure {

  private StartFailure() {}

  static String sentence(Throwable failure) {
    Throwable cause = failure;
    while (true) {
      if (cause instanceof PortInUseException taken) {
        return "port "
            + taken.getPort()
            + ", on which HTTP is to be served, is taken: stop the process that holds it, or choose another with LTRI_INFERENCE_HTTP_PORT (0: any, -1: no HTTP)";
      }
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
