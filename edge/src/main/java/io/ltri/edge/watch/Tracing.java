package io.ltri.edge.watch;

import io.grpc.ManagedChannelBuilder;
import io.grpc.ServerBuilder;
import io.grpc.opentelemetry.GrpcOpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import org.jspecify.annotations.Nullable;

/**
 * Traces of calls, in and out, by gRPC's own OpenTelemetry plug-in; a trace that a caller has begun
 * (W3C trace context) is gone on with. Costs nothing when it is off.
 */
public final class Tracing implements AutoCloseable {

  /** gRPC measures by OpenTelemetry always, but traces only where this is set. */
  private static final String FLAG = "GRPC_EXPERIMENTAL_ENABLE_OTEL_TRACING";

  /** No traces. */
  public static final Tracing OFF = new Tracing(null);

  private final @Nullable OpenTelemetrySdk sdk;
  private final @Nullable GrpcOpenTelemetry grpc;

  private Tracing(@Nullable OpenTelemetrySdk sdk) {
    this.sdk = sdk;
    if (sdk == null) {
      grpc = null;
      return;
    }
    // Read once, when the class of the next line is loaded.
    System.setProperty(FLAG, "true");
    grpc = GrpcOpenTelemetry.newBuilder().sdk(sdk).disableAllMetrics().build();
  }

  /** As the settings say. */
  public static Tracing of(WatchSettings settings, String service) {
    String collector = settings.traces();
    if (collector == null || collector.isEmpty()) {
      return OFF;
    }
    double share = settings.traceShare() == null ? 1 : settings.traceShare();
    return to(
        BatchSpanProcessor.builder(OtlpHttpSpanExporter.builder().setEndpoint(collector).build())
            .build(),
        service,
        share);
  }

  /**
   * @param processor takes the ended spans
   * @param share of the traces that begin here
   */
  public static Tracing to(SpanProcessor processor, String service, double share) {
    Resource resource =
        Resource.getDefault()
            .merge(Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), service)));
    return new Tracing(
        OpenTelemetrySdk.builder()
            .setTracerProvider(
                SdkTracerProvider.builder()
                    .setResource(resource)
                    .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(share)))
                    .addSpanProcessor(processor)
                    .build())
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
            .build());
  }

  /** Traces calls that come in. */
  public void configure(ServerBuilder<?> server) {
    if (grpc != null) {
      grpc.configureServerBuilder(server);
    }
  }

  /** Traces calls that go out. */
  public void configure(ManagedChannelBuilder<?> channel) {
    if (grpc != null) {
      grpc.configureChannelBuilder(channel);
    }
  }

  @Override
  public void close() {
    if (sdk != null) {
      sdk.close();
    }
  }
}
