package io.ltri.edge.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A client asks one service, which asks another from another thread, as the services do. */
class TracingTest {

  private static final class Health extends HealthGrpc.HealthImplBase {
    private final Runnable work;

    Health(Runnable work) {
      this.work = work;
    }

    @Override
    public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> response) {
      work.run();
      response.onNext(HealthCheckResponse.getDefaultInstance());
      response.onCompleted();
    }
  }

  private static void ask(Channel channel) {
    var unused = HealthGrpc.newBlockingStub(channel).check(HealthCheckRequest.getDefaultInstance());
  }

  @Test
  void aTraceGoesThroughBothServicesAndTheThreadBetween() throws Exception {
    InMemorySpanExporter spans = InMemorySpanExporter.create();
    Tracing client = Tracing.to(SimpleSpanProcessor.create(spans), "client", 1);
    Tracing one = Tracing.to(SimpleSpanProcessor.create(spans), "one", 0);
    Tracing two = Tracing.to(SimpleSpanProcessor.create(spans), "two", 0);
    ExecutorService other = Executors.newSingleThreadExecutor();
    String[] ids = new String[1];
    InProcessServerBuilder lastBuilder = InProcessServerBuilder.forName("two").directExecutor();
    two.configure(lastBuilder);
    Server last =
        lastBuilder
            .addService(new Health(() -> ids[0] = RequestIds.KEY.get()))
            .intercept(RequestIds.server())
            .build()
            .start();
    InProcessChannelBuilder toLastBuilder = InProcessChannelBuilder.forName("two").directExecutor();
    one.configure(toLastBuilder);
    ManagedChannel toLast = toLastBuilder.intercept(RequestIds.client()).build();
    String[] first = new String[1];
    InProcessServerBuilder firstBuilder = InProcessServerBuilder.forName("one").directExecutor();
    one.configure(firstBuilder);
    Server middle =
        firstBuilder
            .addService(
                new Health(
                    () -> {
                      first[0] = RequestIds.KEY.get();
                      try {
                        other
                            .submit(
                                Carried.task(
                                    () -> {
                                      ask(toLast);
                                      return null;
                                    }))
                            .get();
                      } catch (Exception e) {
                        throw new IllegalStateException(e);
                      }
                    }))
            .intercept(RequestIds.server())
            .build()
            .start();
    InProcessChannelBuilder toFirstBuilder =
        InProcessChannelBuilder.forName("one").directExecutor();
    client.configure(toFirstBuilder);
    ManagedChannel toFirst = toFirstBuilder.build();
    try {
      ask(toFirst);
    } finally {
      toFirst.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
      middle.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
      toLast.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
      last.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
      other.close();
    }
    List<SpanData> ended = spans.getFinishedSpanItems();
    assertThat(ended.stream().map(SpanData::getTraceId).distinct()).hasSize(1);
    assertThat(
            ended.stream()
                .map(span -> span.getResource().getAttributes().asMap().toString())
                .filter(resource -> resource.contains("two")))
        .isNotEmpty();
    assertThat(ids[0]).isNotNull().isEqualTo(first[0]);
    client.close();
    one.close();
    two.close();
  }

  @Test
  void anIdThatCouldForgeALogLineIsReplaced() {
    assertThat(RequestIds.idFor("abc-1")).isEqualTo("abc-1");
    for (String bad : new String[] {null, "", "a b", "a\nERROR b", "x".repeat(129)}) {
      assertThat(RequestIds.idFor(bad)).isNotEqualTo(bad).hasSize(36);
    }
  }
}
