package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.ltri.inference.access.TenantLimits;
import io.ltri.inference.engine.Generator;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.tensor.Decoder;
import io.ltri.proto.index.v1.DocumentState;
import io.ltri.proto.index.v1.ListDocumentsRequest;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import io.ltri.proto.inference.v1.GenerateRequest;
import io.ltri.proto.inference.v1.GenerateResponse;
import io.ltri.proto.inference.v1.GenerationGrpc;
import io.ltri.proto.inference.v1.Message;
import io.ltri.proto.inference.v1.Sampling;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.InputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Clients that go leave nothing behind: no work, no thread, no memory. */
class CancellationTest {
  private static final int REQUESTS = 100;
  private static final int AT_ONCE = 10;

  @RegisterExtension static final LtriExtension LTRI = TinyModel.services();

  private static ManagedChannel inference;
  private static ManagedChannel index;

  private final Http http = new Http(LTRI::http);

  @BeforeAll
  static void connect() {
    inference = ManagedChannelBuilder.forTarget(LTRI.inferenceAddress()).usePlaintext().build();
    index = ManagedChannelBuilder.forTarget(LTRI.indexAddress()).usePlaintext().build();
  }

  @AfterAll
  static void disconnect() {
    inference.shutdownNow();
    index.shutdownNow();
  }

  private static void await(String what, BooleanSupplier holds) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!holds.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      Thread.sleep(50);
    }
  }

  private static long deltas() {
    return SpanIndexGrpc.newBlockingStub(index)
        .listDocuments(ListDocumentsRequest.newBuilder().setIncludeBuilding(true).build())
        .getDocumentsList()
        .stream()
        .filter(document -> document.getState() == DocumentState.DOCUMENT_STATE_BUILDING)
        .count();
  }

  private static double gauge(String name) {
    return LTRI.inferenceBean(MeterRegistry.class).get(name).gauge().value();
  }

  /** What one client does before it goes. */
  private record Client(boolean overHttp, boolean reads, int pauseMillis, String document) {
    void come() throws Exception {
      if (overHttp) {
        try (Socket socket =
            HttpCancellationTest.send(LTRI.http(), HttpCancellationTest.endless(document, true))) {
          InputStream in = socket.getInputStream();
          if (reads) {
            assertThat(in.read()).isNotNegative();
          }
          Thread.sleep(pauseMillis);
        }
        return;
      }
      Context.CancellableContext call = Context.current().withCancellation();
      try {
        call.call(
            () -> {
              Iterator<GenerateResponse> answer =
                  GenerationGrpc.newBlockingStub(inference)
                      .generate(
                          GenerateRequest.newBuilder()
                              .setDocumentId(document)
                              .setMaxTokens(100_000)
                              .setSampling(Sampling.newBuilder().setTemperature(0.01f))
                              .addMessages(
                                  Message.newBuilder().setRole("user").setContent("go on for ever"))
                              .build());
              if (reads) {
                assertThat(answer.next().hasText()).isTrue();
              }
              Thread.sleep(pauseMillis);
              return null;
            });
      } finally {
        call.cancel(null);
      }
    }
  }

  private static void storm(Random random, String document) throws Exception {
    List<Future<?>> clients = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
      for (int i = 0; i < REQUESTS; i++) {
        Client client =
            new Client(random.nextBoolean(), random.nextBoolean(), random.nextInt(200), document);
        clients.add(
            threads.submit(
                () -> {
                  client.come();
                  return null;
                }));
      }
      for (Future<?> client : clients) {
        client.get();
      }
    }
  }

  private static boolean noMore(Map<String, Integer> now, Map<String, Integer> before) {
    return now.entrySet().stream()
        .allMatch(group -> group.getValue() <= before.getOrDefault(group.getKey(), 0));
  }

  @Test
  void aHundredStreamsThatAreCancelledAtRandomLeaveNothing() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    String document = http.document("a text", TinyModel.text(600, 1)).path("id").asString("");
    Generator generator = LTRI.inferenceBean(Generator.class);
    TenantLimits limits = LTRI.inferenceBean(TenantLimits.class);
    Decoder decoder = LTRI.inferenceBean(LanguageModel.class).decoder();

    storm(random, document); // What is made once and kept, is made here.
    await("no answer is being made", () -> generator.running() == 0);
    await("no request is counted", () -> limits.running() == 0);
    long kvBytes = decoder.residentBytes();
    int tensors = decoder.heldTensors();
    Map<String, Integer> threads = LiveThreads.count();

    storm(random, document);
    await("no answer is being made", () -> generator.running() == 0);
    await("no request is counted", () -> limits.running() == 0);
    await("no delta is left", () -> deltas() == 0);
    await("nothing waits for the model", () -> gauge("ltri.compute.waiting") == 0);
    assertThat(kvBytes).isZero();
    await("no keys and values are held", () -> decoder.residentBytes() == 0);
    await("no tensor is held", () -> decoder.heldTensors() <= tensors);
    await("no thread is left of " + threads, () -> noMore(LiveThreads.count(), threads));
    assertThat(
            http.post(
                    "/v1/chat/completions",
                    HttpCancellationTest.endless(document, false).replace("100000", "3"))
                .status())
        .isEqualTo(200);
  }
}
