package io.ltri.edge.access;

import java.net.InetAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where a service may listen: beyond this machine only if strangers are kept out. */
public final class ListenRule {

  private static final Logger LOG = LoggerFactory.getLogger(ListenRule.class);

  private ListenRule() {}

  /**
   * @param prefix of the service's environment variables, as {@code LTRI_INDEX_}
   * @param tls whether it speaks TLS
   * @param credentials whether it asks for tokens or for certificates of clients
   * @param insecure whether the person who starts it wants it open all the same
   * @throws IllegalArgumentException if it may not listen there
   */
  public static void require(
      String prefix, InetAddress host, boolean tls, boolean credentials, boolean insecure) {
    if (host.isLoopbackAddress() || (tls && credentials)) {
      return;
    }
    String missing =
        tls
            ? "without credentials anybody who reaches it can read and delete every document"
            : credentials
                ? "without TLS anybody on the way can read the tokens and the documents"
                : "without TLS and credentials anybody who reaches it can read and delete every document";
    if (!insecure) {
      throw new IllegalArgumentException(
          ("%s is no address of this machine alone, and %s: set %sACCESS_CERTIFICATE, %sACCESS_KEY and %sACCESS_TOKENFILE"
                  + " (or %sACCESS_CLIENTAUTHORITIES), or %sACCESS_INSECURE=true if that is what you want")
              .formatted(host.getHostAddress(), missing, prefix, prefix, prefix, prefix, prefix));
    }
    LOG.warn("INSECURE: listening on {}; {}", host.getHostAddress(), missing);
  }
}
