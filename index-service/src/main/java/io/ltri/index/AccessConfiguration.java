package io.ltri.index;

import io.grpc.ServerInterceptor;
import io.ltri.edge.access.Gate;
import io.ltri.edge.access.GateInterceptor;
import io.ltri.index.grpc.Methods;
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

/** Puts the gate in front of the calls. */
@Configuration(proxyBeanMethods = false)
class AccessConfiguration {

  private static final int GATE = 100;

  @Bean
  @Order(GATE)
  @GlobalServerInterceptor
  ServerInterceptor gateInterceptor(IndexSettings settings) {
    return new GateInterceptor(
        new Gate(Methods.RULES, settings.access().tokens()), context -> context);
  }

  /** The certificates of gRPC's server, under the name that its settings give. */
  @Bean
  SslBundleRegistrar grpcCertificates(IndexSettings settings) {
    return registry -> {
      if (settings.access().tls().serves()) {
        registry.registerBundle(
            "ltri-grpc",
            SslBundle.of(
                SslStoreBundle.NONE,
                SslBundleKey.NONE,
                SslOptions.NONE,
                SslBundle.DEFAULT_PROTOCOL,
                SslManagerBundle.of(
                    settings.access().tls().serverKeys(settings.access().reloadInterval()),
                    settings.access().tls().clientTrust(settings.access().reloadInterval()))));
      }
    };
  }
}
