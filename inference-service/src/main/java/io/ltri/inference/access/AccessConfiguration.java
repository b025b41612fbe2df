package io.ltri.inference.access;

import io.grpc.Context;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.ltri.edge.access.AccessSettings;
import io.ltri.edge.access.Gate;
import io.ltri.edge.access.GateInterceptor;
import io.ltri.edge.access.Grant;
import io.ltri.edge.access.Tokens;
import io.ltri.edge.access.UnreadableMessages;
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

/** Puts the gate in front of the faces. */
@Configuration(proxyBeanMethods = false)
public class AccessConfiguration {

  private static final int GATE = 100;
  private static final int LIMITS = 200;
  private static final int LAST = 1_000;

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
