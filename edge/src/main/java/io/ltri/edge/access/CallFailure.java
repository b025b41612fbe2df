package io.ltri.edge.access;

import io.grpc.Status;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Why a call failed, in words for people. */
public final class CallFailure {

  private CallFailure() {}

  /**
   * What the other side wrote; of a connection that broke, or was not had, why. Of these gRPC's own
   * words say nothing, and its cause everything.
   *
   * @return null if nothing is known but the code
   */
  public static @Nullable String detail(Status status) {
    String description = status.getDescription();
    Throwable root = status.getCause();
    if (root == null || (description != null && !description.startsWith("io exception"))) {
      return description;
    }
    boolean insecure = root instanceof SSLException;
    while (root.getCause() != null) {
      root = root.getCause();
      insecure |= root instanceof SSLException;
    }
    if (insecure) {
      return "the connection could not be secured (%s: %s)"
          .formatted(root.getClass().getSimpleName(), root.getMessage());
    }
    return root.getMessage() == null ? root.toString() : root.getMessage();
  }
}
