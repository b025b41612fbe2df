package io.ltri.edge.access;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Who may reach a service; the same for both, under {@code access} of each.
 *
 * @param tokenFile null: no token is asked for
 * @param certificate PEM chain of the service; null: no TLS
 * @param key PEM, PKCS#8, of the certificate
 * @param clientAuthorities PEM; clients must then have a certificate of one of these
 * @param reload how often the files of certificates are looked at; null: 10 s
 * @param insecure listen anywhere, whoever may come
 */
public record AccessSettings(
    @Nullable Path tokenFile,
    @Nullable Path certificate,
    @Nullable Path key,
    @Nullable Path clientAuthorities,
    @Nullable Duration reload,
    boolean insecure) {

  private static final Duration RELOAD = Duration.ofSeconds(10);

  public static final AccessSettings NONE = new AccessSettings(null, null, null, null, null, false);

  public AccessSettings {
    if (reload != null && (reload.isNegative() || reload.isZero())) {
      throw new IllegalArgumentException("access.reload must be more than 0, not " + reload);
    }
  }

  public TlsFiles tls() {
    return new TlsFiles(certificate, key, clientAuthorities);
  }

  public Duration reloadInterval() {
    return reload == null ? RELOAD : reload;
  }

  /** The tokens of the file, or null. */
  public @Nullable Tokens tokens() {
    return tokenFile == null ? null : Tokens.of(tokenFile, Clock.systemUTC());
  }

  /** Whether strangers are kept out. */
  public boolean asksForCredentials() {
    return tokenFile != null || clientAuthorities != null;
  }
}
