package io.ltri.index;

import io.grpc.netty.NettyServerBuilder;
import io.ltri.edge.watch.Management;
import io.ltri.edge.watch.Tracing;
import io.ltri.index.grpc.IndexMeters;
import io.ltri.index.grpc.SpanIndexService;
import io.ltri.index.search.SearchLimits;
import io.ltri.index.search.SpanSearch;
import io.ltri.index.store.DocumentStore;
import io.ltri.index.store.DocumentSummary;
import io.ltri.index.store.FileLayer;
import io.ltri.index.store.FolderLock;
import io.ltri.index.store.StoreException;
import io.ltri.index.store.StoreSettings;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.grpc.server.autoconfigure.GrpcServerExecutorProvider;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.grpc.server.ServerBuilderCustomizer;
import org.springframework.grpc.server.lifecycle.GrpcServerStartedEvent;
import org.springframework.grpc.server.service.GrpcServiceConfigurer;
import org.springframework.grpc.server.service.GrpcServiceDiscoverer;
import org.springframework.scheduling.concurrent.SimpleAsyncTaskScheduler;

/** Puts the parts together; Spring closes them in reverse order. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(IndexSettings.class)
@Import({
  ReadyFile.class,
  AccessConfiguration.class,
  WatchConfiguration.class,
  ClusterConfiguration.class
})
class IndexConfiguration {

  private static final Logger LOG = LoggerFactory.getLogger(IndexConfiguration.class);

  static String version() {
    return Objects.requireNonNullElse(
        IndexApplication.class.getPackage().getImplementationVersion(), "development");
  }

  @Bean
  FolderLock folderLock(IndexSettings settings, Management watchedWhileItOpens) {
    settings.requireMayListen();
    return FolderLock.take(settings.data());
  }

  @Bean
  DocumentStore documentStore(IndexSettings settings, FolderLock lockHeldBefore) {
    return new DocumentStore(
        new StoreSettings(
            settings.data(),
            settings.layersPerFile(),
            settings.graphFromVectors(),
            settings.luceneBuffer().toBytes() / (double) (1 << 20),
            settings.openDocuments(),
            settings.life(),
            KeysOfFile.of(settings)),
        FileLayer.system());
  }

  @Bean
  SpanSearch spanSearch(IndexSettings settings) {
    SpanSearch search =
        new SpanSearch(
            settings.threads(),
            new SearchLimits(settings.maxQueries(), settings.maxCandidateTokens()));
    search.warmUp();
    return search;
  }

  /**
   * The newest document is likely to be asked for first: it is mapped and verified, and Lucene's
   * code loaded, before someone waits for it.
   */
  @Bean
  ApplicationListener<ApplicationReadyEvent> openNewestDocument(DocumentStore store) {
    return event ->
        Thread.ofVirtual()
            .name("open-newest")
            .start(
                () -> {
                  try {
                    for (DocumentSummary newest : store.list(false).stream().limit(1).toList()) {
                      store.open(newest.id()).close();
                    }
                  } catch (StoreException e) {
                    LOG.warn("the newest document can not be opened: {}", e.getMessage());
                  }
                });
  }

  /** Removes what has expired; ends before the store is closed. */
  @Bean
  SimpleAsyncTaskScheduler sweeper(DocumentStore store, IndexSettings settings) {
    SimpleAsyncTaskScheduler scheduler = new SimpleAsyncTaskScheduler();
    scheduler.setVirtualThreads(true);
    scheduler.setThreadNamePrefix("sweep-");
    scheduler.setTaskTerminationTimeout(10_000);
    scheduler.scheduleWithFixedDelay(
        store::sweep, Instant.now().plus(settings.sweepInterval()), settings.sweepInterval());
    return scheduler;
  }

  @Bean
  SpanIndexService spanIndexService(
      DocumentStore store,
      SpanSearch search,
      IndexSettings settings,
      IndexMeters meters,
      ClusterConfiguration.Place place) {
    return new SpanIndexService(
        store,
        search,
        new SpanIndexService.NodeFacts(
            version(), settings.data().toAbsolutePath().normalize().toString()),
        meters,
        place.calls());
  }

  @Bean(destroyMethod = "close")
  ExecutorService callExecutor() {
    return Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("call-", 0).factory());
  }

  @Bean
  GrpcServerExecutorProvider grpcServerExecutorProvider(ExecutorService callExecutor) {
    return () -> callExecutor;
  }

  @Bean
  SocketServer socketServer(
      IndexSettings settings,
      GrpcServiceDiscoverer services,
      GrpcServiceConfigurer configurer,
      List<ServerBuilderCustomizer<NettyServerBuilder>> customizers,
      ExecutorService callExecutor) {
    return new SocketServer(settings, services, configurer, customizers, callExecutor);
  }

  @Bean
  InProcessServer inProcessServer(
      IndexSettings settings,
      GrpcServiceDiscoverer services,
      GrpcServiceConfigurer configurer,
      Tracing tracing,
      ExecutorService callExecutor) {
    return new InProcessServer(settings.inProcess(), services, configurer, tracing, callExecutor);
  }

  @Bean
  ApplicationListener<GrpcServerStartedEvent> startMessage(
      IndexSettings settings, DocumentStore store) {
    return event -> {
      LOG.info(
          "index service {} listens on {}:{}, {} documents in {}",
          version(),
          settings.host().getHostAddress(),
          event.getPort(),
          store.list(false).size(),
          settings.data());
    };
  }
}
