package io.ltri.index;

import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.ltri.edge.watch.Management;
import io.ltri.edge.watch.RequestIds;
import io.ltri.edge.watch.ServiceMeters;
import io.ltri.edge.watch.Tracing;
import io.ltri.index.grpc.IndexMeters;
import io.ltri.index.store.DocumentStore;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
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
  IndexMeters indexMeters(PrometheusMeterRegistry registry) {
    return new IndexMeters(registry);
  }

  @Bean
  Management management(IndexSettings settings, PrometheusMeterRegistry registry) {
    settings.requireMayListen();
    return new Management(
        "LTRI_INDEX_",
        settings.watch(),
        settings.access(),
        settings.port(),
        registry,
        "documents are being opened");
  }

  @Bean
  StoreMeters storeMeters(DocumentStore store, PrometheusMeterRegistry registry) {
    return new StoreMeters(store, registry);
  }

  @Bean
  ApplicationListener<ApplicationReadyEvent> ready(
      Management management, StoreMeters store, ClusterConfiguration.Place place) {
    return event -> {
      management.beforeScrape(store::refresh);
      management.loaded(place::problem);
    };
  }

  @Bean
  Tracing tracing(IndexSettings settings) {
    return Tracing.of(settings.watch(), "ltri-index");
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
