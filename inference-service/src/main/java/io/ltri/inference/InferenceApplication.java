package io.ltri.inference;

import io.grpc.ManagedChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.ltri.edge.LocalSocket;
import io.ltri.edge.access.AccessSettings;
import io.ltri.edge.watch.Carried;
import io.ltri.edge.watch.Management;
import io.ltri.edge.watch.RequestIds;
import io.ltri.edge.watch.ServiceMeters;
import io.ltri.edge.watch.Tracing;
import io.ltri.inference.access.Caller;
import io.ltri.inference.access.TenantLimits;
import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.engine.Admission;
import io.ltri.inference.engine.ComputeThread;
import io.ltri.inference.engine.Documents;
import io.ltri.inference.engine.EngineMeters;
import io.ltri.inference.engine.Generator;
import io.ltri.inference.engine.HeadsFile;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.engine.LayerMaps;
import io.ltri.inference.engine.ReceivedTexts;
import io.ltri.inference.engine.WarmStart;
import io.ltri.inference.grpc.ServerFacts;
import io.ltri.inference.http.HttpLimits;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.GrpcSpanIndex;
import io.ltri.inference.retrieval.IndexAdministration;
import io.ltri.inference.retrieval.IndexClient;
import io.ltri.inference.retrieval.SpanIndex;
import io.ltri.inference.retrieval.cluster.ClusterSpanIndex;
import io.ltri.inference.tensor.Decoder;
import io.ltri.inference.tensor.DecoderShape;
import io.ltri.placement.helix.HelixPlacement;
import io.ltri.placement.helix.HelixSettings;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.Function;
import org.springframework.boot.Banner;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.grpc.server.ServerBuilderCustomizer;

/** The inference service. */
@SpringBootApplication(proxyBeanMethods = false)
@EnableConfigurationProperties(InferenceSettings.class)
public class InferenceApplication {

  /**
   * What {@link #main} starts; for tests, to be run with other settings. Its settings file is
   * {@code inference-service.yml}.
   */
  public static SpringApplicationBuilder builder() {
    return new SpringApplicationBuilder(InferenceApplication.class)
        .bannerMode(Banner.Mode.OFF)
        .logStartupInfo(false)
        .initializers(new HttpTls())
        .properties(
            Map.of(
                "spring.config.name", "inference-service",
                "spring.main.web-application-type", "servlet",
                "spring.jmx.enabled", "false"));
  }

  /** Starts the service. */
  public static void main(String[] arguments) {
    prepare();
    var unused = start(builder(), arguments);
  }

  /** Begins to load the tensor library, which takes as long as much else of a start. */
  public static void prepare() {
    Thread.ofPlatform().name("tensor-library").daemon().start(Decoder::prepare);
  }

  /** Starts a service; a start that fails ends the process, with one sentence and exit code 1. */
  public static ConfigurableApplicationContext start(
      SpringApplicationBuilder service, String... arguments) {
    try {
      return service.run(arguments);
    } catch (RuntimeException e) {
      System.err.println("The inference service did not start: " + StartFailure.sentence(e));
      System.exit(1);
      throw e;
    }
  }

  @Bean
  ComputeThread computeThread(EngineMeters meters) {
    return new ComputeThread(meters);
  }

  /** The compute thread closes it: Spring would do so before that thread has ended. */
  @Bean(destroyMethod = "")
  LanguageModel languageModel(
      InferenceSettings settings, ComputeThread compute, Management watchedWhileItLoads) {
    settings.requireMayListen();
    ReadingSettings reading = settings.reading();
    AnsweringSettings answering = settings.answering();
    HeadsFile heads = settings.heads();
    LanguageModel model =
        compute.run(() -> LanguageModel.open(settings.requiredModel(), settings.decoder()));
    try {
      reading.requireFits(model.trainedLength(), answering.mostBudgetTokens());
      DecoderShape shape = model.decoder().shape();
      reading.lookup().requireFits(shape.layers(), shape.queryHeads());
      answering.lookup().requireFits(shape.layers(), shape.queryHeads());
      if (heads != null) {
        heads.requireModel(model.weightsDigest());
      }
    } catch (IllegalArgumentException e) {
      model.close();
      throw e;
    }
    compute.owns(model);
    return model;
  }

  @Bean
  IndexClient spanIndex(
      InferenceSettings settings, PrometheusMeterRegistry registry, Tracing tracing)
      throws InterruptedException {
    Consumer<ManagedChannelBuilder<?>> watched =
        channel -> {
          channel.intercept(RequestIds.client(), ServiceMeters.client(registry));
          tracing.configure(channel);
        };
    Function<String, IndexClient> connect =
        target ->
            GrpcSpanIndex.connect(
                target,
                settings.indexWaits(),
                channel -> watched.accept(settings.indexAccess().apply(channel)));
    HelixSettings cluster = settings.indexCluster();
    Path socket = settings.indexSocket();
    IndexClient index;
    if (cluster != null) {
      index = cluster(cluster, settings.clusterUse(), registry, connect);
    } else if (!settings.indexInProcess().isEmpty()) {
      index =
          GrpcSpanIndex.inProcess(
              settings.indexInProcess(),
              settings.indexWaits(),
              channel -> watched.accept(settings.indexAccess().applyLocally(channel)));
    } else if (socket != null && LocalSocket.works(socket)) {
      index =
          GrpcSpanIndex.connect(
              socket,
              settings.indexWaits(),
              channel -> watched.accept(settings.indexAccess().applyLocally(channel)));
    } else {
      index = connect.apply(settings.index());
    }
    Gauge.builder("ltri.index.reachable", index, asked -> asked.isAsked() ? 1 : 0)
        .description("1 while the index is asked, 0 while its circuit breaker is open")
        .register(registry);
    return index;
  }

  private static ClusterSpanIndex cluster(
      HelixSettings cluster,
      ClusterSpanIndex.Settings use,
      PrometheusMeterRegistry registry,
      Function<String, IndexClient> connect)
      throws InterruptedException {
    ClusterSpanIndex index =
        new ClusterSpanIndex(
            HelixPlacement.watch(cluster, "inference-" + UUID.randomUUID()),
            use,
            node -> connect.apply(node.target()));
    ClusterMeters.register(index, registry);
    return index;
  }

  @Bean
  IndexAdministration indexAdministration(IndexClient index) {
    return index.administration();
  }

  @Bean
  BlockCache blockCache(InferenceSettings settings, PrometheusMeterRegistry registry) {
    BlockCache cache = new BlockCache(settings.blockCache().toBytes());
    Gauge.builder("ltri.block.cache", cache, BlockCache::sizeBytes)
        .baseUnit("bytes")
        .description("Keys and values that were fetched and are kept for the next look-up")
        .register(registry);
    return cache;
  }

  /** Virtual threads, for calls that wait for the index. */
  @Bean
  ExecutorService indexCallThreads() {
    return Executors.newVirtualThreadPerTaskExecutor();
  }

  @Bean
  Memories memories(
      LanguageModel model, SpanIndex index, BlockCache cache, ExecutorService indexCallThreads) {
    return new Memories(
        model.decoder(),
        index,
        cache,
        Carried.executor(indexCallThreads),
        model::sentenceEnds,
        model.trainedLength());
  }

  @Bean
  Documents documents(
      LanguageModel model,
      Memories memories,
      SpanIndex index,
      IndexAdministration administration,
      BlockCache cache,
      ComputeThread compute,
      EngineMeters meters,
      InferenceSettings settings) {
    return new Documents(
        model,
        memories,
        index,
        administration,
        cache,
        compute,
        settings.reading(),
        settings.readingLookupDeadline(),
        settings.checkpointTokens(),
        settings.boundaries(),
        Caller::current,
        meters,
        new Admission(
            "readings",
            settings.readings(),
            settings.readingsWaiting(),
            "LTRI_INFERENCE_READINGS or LTRI_INFERENCE_READINGSWAITING",
            meters));
  }

  @Bean
  LayerMaps layerMaps(
      LanguageModel model,
      Memories memories,
      SpanIndex index,
      ComputeThread compute,
      InferenceSettings settings) {
    return new LayerMaps(
        model, memories, index, compute, settings.reading(), settings.readingLookupDeadline());
  }

  @Bean
  Generator generator(
      LanguageModel model,
      Memories memories,
      Documents documents,
      SpanIndex index,
      ComputeThread compute,
      EngineMeters meters,
      InferenceSettings settings) {
    return new Generator(
        model,
        memories,
        documents,
        index,
        compute,
        new Generator.Defaults(
            settings.answering(),
            settings.maxTokens(),
            settings.onIndexFailureMode(),
            settings.recomputeMemory().toBytes()),
        meters,
        new Admission(
            "answers",
            settings.answers(),
            settings.answersWaiting(),
            "LTRI_INFERENCE_ANSWERS or LTRI_INFERENCE_ANSWERSWAITING",
            meters));
  }

  @Bean
  ApplicationListener<ApplicationReadyEvent> warmStart(
      Generator generator, Documents documents, InferenceSettings settings) {
    return event -> {
      if (settings.warmStart()) {
        new WarmStart(generator, documents).begin();
      }
    };
  }

  /** Who may come. */
  @Bean
  AccessSettings accessSettings(InferenceSettings settings) {
    return settings.access();
  }

  @Bean
  TenantLimits tenantLimits(InferenceSettings settings) {
    return new TenantLimits(settings.tenantRate(), settings.tenantCalls());
  }

  /** Calls run on virtual threads: they wait for the compute thread and for the index. */
  @Bean
  ServerBuilderCustomizer<NettyServerBuilder> callsOnVirtualThreads() {
    return builder -> builder.executor(Executors.newVirtualThreadPerTaskExecutor());
  }

  @Bean
  ServerFacts serverFacts(InferenceSettings settings) {
    return new ServerFacts(
        ServerVersion.VERSION,
        settings.data().toAbsolutePath().toString(),
        settings.policy(),
        settings.reading().identity(),
        settings.index(),
        settings.patience());
  }

  /** Where texts lie while they are received. */
  @Bean
  ReceivedTexts receivedTexts(InferenceSettings settings) {
    return new ReceivedTexts(received(settings));
  }

  @Bean
  HttpLimits httpLimits(InferenceSettings settings) {
    return settings.http().limits(received(settings), settings.patience());
  }

  private static Path received(InferenceSettings settings) {
    return settings.data().toAbsolutePath().resolve("received");
  }
}
