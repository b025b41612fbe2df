package io.ltri.inference.access;

import io.grpc.Context;
import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.ltri.edge.access.AccessSettings;
import io.ltri.edge.access.Gate;
import io.ltri.edge.access.GateInterceptor;
import io.ltri.edge.access.Grant;
import io.ltri.edge.access.Tokens;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.grpc.server.GlobalServerInterceptor;
import org.springframework.grpc.server.ServerBuilderCustomizer;

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

  @Bean
  ServerBuilderCustomizer<NettyServerBuilder> speakTls(AccessSettings settings) {
    return builder -> {
      if (settings.tls().serves()) {
        builder.sslContext(settings.tls().server(settings.reloadInterval()));
      }
    };
  }
}
