package io.ltri.index;

import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.ltri.edge.access.Gate;
import io.ltri.edge.access.GateInterceptor;
import io.ltri.edge.access.UnreadableMessages;
import io.ltri.index.grpc.Methods;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.ssl.SslBundleRegistrar;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundleKey;
import org.springframework.boot.ssl.SslManagerBundle;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.boot.ssl.SslStoreBundle;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.grpc.server.GlobalServerInterceptor;
import org.springframework.grpc.server.GrpcServerFactory;
import org.springframework.grpc.server.service.DefaultGrpcServiceConfigurer;
import org.springframework.grpc.server.service.GrpcServiceConfigurer;
import org.springframework.grpc.server.service.GrpcServiceSpec;

/** Puts the gate in front of the calls. */
@Configuration(proxyBeanMethods = false)
class AccessConfiguration {

  private static final int GATE = 100;
  private static final int LAST = 1_000;

  @Bean
  @Order(GATE)
  @GlobalServerInterceptor
  ServerInterceptor gateInterceptor(IndexSettings settings) {
    return new GateInterceptor(
        new Gate(Methods.RULES, settings.access().tokens()), context -> context);
  }

  /**
   * Binds the services as Spring gRPC does, with parsers that leave refusing to the interceptor.
   */
  @Bean
  GrpcServiceConfigurer services(ApplicationContext context) {
    return new DefaultGrpcServiceConfigurer(context) {
      @Override
      public ServerServiceDefinition configure(
          GrpcServiceSpec service, @Nullable GrpcServerFactory server) {
        return UnreadableMessages.handedOn(super.configure(service, server));
      }
    };
  }

  @Bean
  @Order(LAST)
  @GlobalServerInterceptor
  ServerInterceptor unreadableMessages() {
    return new UnreadableMessages();
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
