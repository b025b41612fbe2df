package io.ltri.inference.access;

import io.grpc.Context;
import io.grpc.ServerInterceptor;
import io.ltri.edge.access.AccessSettings;
import io.ltri.edge.access.Gate;
import io.ltri.edge.access.GateInterceptor;
import io.ltri.edge.access.Grant;
import io.ltri.edge.access.Tokens;
import org.springframework.boot.autoconfigure.ssl.SslBundleRegistrar;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundleKey;
import org.springframework.boot.ssl.SslManagerBundle;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.boot.ssl.SslStoreBundle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.grpc.server.GlobalServerInterceptor;

/** Puts the gate in front of the faces. */
@Configuration(proxyBeanMethods = false)
public class AccessConfiguration {

  private static final int GATE = 100;
  private static final int LIMITS = 200;

  /** The gate of all faces. */
  @Bean
  Gate gate(AccessSettings settings) {
    Tokens tokens = settings.tokens();
    return new Gate(Methods.all(), tokens);
  }

  @Bean
  @Order(GATE)
  @GlobalServerInterceptor
  ServerInterceptor gateInterceptor(Gate gate) {
    return new GateInterceptor(
        gate,
        context -> {
          Grant grant = GateInterceptor.GRANT.get(context);
          return grant == null ? context : with(context, grant);
        });
  }

  /** A context in which {@link Caller#current} is whoever has this grant. */
  static Context with(Context context, Grant grant) {
    return context.withValue(Caller.KEY, Caller.of(grant));
  }

  @Bean
  @Order(LIMITS)
  @GlobalServerInterceptor
  ServerInterceptor limitsInterceptor(TenantLimits limits) {
    return new LimitsInterceptor(limits);
  }

  /** The certificates of gRPC's server, under the name that its settings give. */
  @Bean
  SslBundleRegistrar grpcCertificates(AccessSettings settings) {
    return registry -> {
      if (settings.tls().serves()) {
        registry.registerBundle(
            "ltri-grpc",
            SslBundle.of(
                SslStoreBundle.NONE,
                SslBundleKey.NONE,
                SslOptions.NONE,
                SslBundle.DEFAULT_PROTOCOL,
                SslManagerBundle.of(
                    settings.tls().serverKeys(settings.reloadInterval()),
                    settings.tls().clientTrust(settings.reloadInterval()))));
      }
    };
  }
}
