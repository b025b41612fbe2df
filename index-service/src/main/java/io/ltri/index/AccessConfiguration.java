package io.ltri.index;

import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.ltri.edge.access.AccessSettings;
import io.ltri.edge.access.Gate;
import io.ltri.edge.access.GateInterceptor;
import io.ltri.index.grpc.Methods;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.grpc.server.GlobalServerInterceptor;
import org.springframework.grpc.server.ServerBuilderCustomizer;

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

  @Bean
  ServerBuilderCustomizer<NettyServerBuilder> speakTls(IndexSettings settings) {
    AccessSettings access = settings.access();
    return builder -> {
      if (access.tls().serves()) {
        builder.sslContext(access.tls().server(access.reloadInterval()));
      }
    };
  }
}
