package io.ltri.inference;

import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.ltri.edge.watch.Management;
import io.ltri.edge.watch.RequestIds;
import io.ltri.edge.watch.ServiceMeters;
import io.ltri.edge.watch.Tracing;
import io.ltri.inference.engine.EngineMeters;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.retrieval.IndexClient;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Optional;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.grpc.server.GlobalServerInterceptor;
import org.springframework.grpc.server.ServerBuilderCustomizer;

/** What is seen of the service from outside. */
@Configuration(proxyBeanMethods = false)
class WatchConfiguration {

  /** Before the gate: refused calls are counted, and have an id, too. */
  private static final int IDS = 10;

  private static final int METERS = 20;

  @Bean
  PrometheusMeterRegistry meterRegistry() {
    return ServiceMeters.registry();
  }

  @Bean
  EngineMeters engineMeters(PrometheusMeterRegistry registry) {
    return new EngineMeters(registry);
  }

  @Bean
  Management management(InferenceSettings settings, PrometheusMeterRegistry registry) {
    settings.requireMayListen();
    return new Management(
        "LTRI_INFERENCE_",
        settings.watch(),
        settings.access(),
        settings.port(),
        registry,
        "the model is being loaded");
  }

  @Bean
  ApplicationListener<ApplicationReadyEvent> ready(
      Management management,
      ObjectProvider<IndexClient> index,
      LanguageModel model,
      PrometheusMeterRegistry registry) {
    return event -> {
      Gauge.builder("ltri.model.info", () -> 1)
          .tag("model", model.name())
          .tag("precision", model.precision())
          .tag("version", ServerVersion.VERSION)
          .register(registry);
      management.loaded(
          () ->
              index.getObject().answers()
                  ? Optional.empty()
                  : Optional.of("the index cannot be reached"));
    };
  }

  @Bean
  Tracing tracing(InferenceSettings settings) {
    return Tracing.of(settings.watch(), "ltri-inference");
  }

  @Bean
  ServerBuilderCustomizer<NettyServerBuilder> traceCalls(Tracing tracing) {
    return tracing::configure;
  }

  @Bean
  @Order(IDS)
  @GlobalServerInterceptor
  ServerInterceptor requestIds() {
    return RequestIds.server();
  }

  @Bean
  @Order(METERS)
  @GlobalServerInterceptor
  ServerInterceptor callMeters(PrometheusMeterRegistry registry) {
    return ServiceMeters.server(registry);
  }
}
