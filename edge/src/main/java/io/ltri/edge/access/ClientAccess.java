package io.ltri.edge.access;

import io.grpc.ManagedChannelBuilder;
import io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a client reaches a service that keeps strangers out.
 *
 * @param tls speak TLS and believe the system's authorities; also without this where one of the
 *     files below is named
 * @param authorities PEM; whose certificates are believed of the service
 * @param certificate PEM; of this client
 * @param key PEM, PKCS#8
 * @param tokenFile its first line is sent with every call
 * @param reload how often the files of certificates are looked at; null: 10 s
 */
public record ClientAccess(
    boolean tls,
    @Nullable Path authorities,
    @Nullable Path certificate,
    @Nullable Path key,
    @Nullable Path tokenFile,
    @Nullable Duration reload) {

  public static final ClientAccess NONE = new ClientAccess(false, null, null, null, null, null);

  /**
   * Sets TLS or its absence, and the token.
   *
   * @throws IllegalArgumentException if a file cannot be used, saying which
   */
  public NettyChannelBuilder apply(NettyChannelBuilder builder) {
    TlsFiles files = new TlsFiles(certificate, key, authorities);
    if (tls || files.isPresent()) {
      builder
          .useTransportSecurity()
          .sslContext(files.client(reload == null ? Duration.ofSeconds(10) : reload));
    } else {
      builder.usePlaintext();
    }
    return withToken(builder);
  }

  /** Of a channel that does not leave the machine. */
  public <B extends ManagedChannelBuilder<B>> B applyLocally(B builder) {
    return withToken(builder.usePlaintext());
  }

  private <B extends ManagedChannelBuilder<B>> B withToken(B builder) {
    if (tokenFile != null) {
      builder.intercept(BearerToken.in(tokenFile));
    }
    return builder;
  }
}
