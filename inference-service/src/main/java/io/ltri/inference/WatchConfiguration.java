package io.ltri.inference;

import io.grpc.ServerInterceptor;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.ltri.edge.watch.Management;
import io.ltri.edge.watch.RequestIds;
import io.ltri.edge.watch.ServiceMeters;
import io.ltri.edge.watch.Tracing;
import io.ltri.inference.access.TenantLimits;
import io.ltri.inference.engine.EngineMeters;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.retrieval.IndexClient;
import io.ltri.inference.tensor.Decoder;
import io.ltri.proto.inference.v1.DocumentsGrpc;
import io.ltri.proto.inference.v1.GenerationGrpc;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.grpc.server.GlobalServerInterceptor;
import org.springframework.grpc.server.ServerBuilderCustomizer;
import org.springframework.scheduling.concurrent.SimpleAsyncTaskScheduler;

/** What is seen of the service from outside. */
@Configuration(proxyBeanMethods = false)
class WatchConfiguration {

  /** Before the gate: refused calls are counted, and have an id, too. */
  private static final int IDS = 10;

  private static final int METERS = 20;

  private static final Duration HEALTH_INTERVAL = Duration.ofSeconds(1);

  /** The service as a whole, and what of it a client may ask for by name. */
  private static final List<String> HEALTH_NAMES =
      List.of(
          HealthStatusManager.SERVICE_NAME_ALL_SERVICES,
          GenerationGrpc.SERVICE_NAME,
          DocumentsGrpc.SERVICE_NAME);

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
      InferenceSettings settings,
      TenantLimits limits,
      PrometheusMeterRegistry registry) {
    return event -> {
      Gauge.builder("ltri.kv.resident", model.decoder(), Decoder::residentBytes)
          .baseUnit("bytes")
          .description("Keys and values that readings and answers hold in this process")
          .register(registry);
      Gauge.builder("ltri.requests.running", limits, TenantLimits::running)
          .description("Requests of all tenants that were let in and have not ended")
          .register(registry);
      Gauge.builder("ltri.model.info", () -> 1)
          .tag("model", model.name())
          .tag("precision", model.precision())
          .tag("version", ServerVersion.VERSION)
          .register(registry);
      management.loaded(
          () ->
              !settings.reading().policy().usesIndex() || index.getObject().answers()
                  ? Optional.empty()
                  : Optional.of("the index cannot be reached"));
    };
  }

  /** Lets gRPC's health service say what readiness says over HTTP. */
  @Bean
  SimpleAsyncTaskScheduler healthFollower(Management management, HealthStatusManager health) {
    SimpleAsyncTaskScheduler scheduler = new SimpleAsyncTaskScheduler();
    scheduler.setVirtualThreads(true);
    scheduler.setThreadNamePrefix("health-");
    scheduler.scheduleWithFixedDelay(
        () -> {
          ServingStatus status =
              management.readiness().problem().isEmpty()
                  ? ServingStatus.SERVING
                  : ServingStatus.NOT_SERVING;
          HEALTH_NAMES.forEach(name -> health.setStatus(name, status));
        },
        HEALTH_INTERVAL);
    return scheduler;
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
