package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.ltri.inference.engine.Generator;
import io.ltri.proto.index.v1.DocumentState;
import io.ltri.proto.index.v1.ListDocumentsRequest;
import io.ltri.proto.index.v1.SpanIndexGrpc;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that close their connections leave nothing behind. */
class HttpCancellationTest {
  private static final int REQUESTS = 100;
  private static final int AT_ONCE = 10;

  @RegisterExtension static final LtriExtension LTRI = TinyModel.services();

  private final Http http = new Http(LTRI::http);

  private static void await(String what, java.util.function.BooleanSupplier holds)
      throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!holds.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      Thread.sleep(20);
    }
  }

  private static Socket send(String body) throws IOException {
    URI server = LTRI.http();
    Socket socket = new Socket(server.getHost(), server.getPort());
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    String head =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
            + "content-type: application/json\r\ncontent-length: "
            + bytes.length
            + "\r\n\r\n";
    socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
    return socket;
  }

  private static String endless(String document, boolean stream) {
    return "{\"document\":\""
        + document
        + "\",\"max_tokens\":100000,\"stream\":"
        + stream
        // Sampled hot, so that the random model does not happen to end its answer.
        + ",\"temperature\":0.01,\"messages\":[{\"role\":\"user\",\"content\":\"go on for ever\"}]}";
  }

  private static int deltas() {
    ManagedChannel channel =
        ManagedChannelBuilder.forTarget(LTRI.indexAddress()).usePlaintext().build();
    try {
      return SpanIndexGrpc.newBlockingStub(channel)
          .listDocuments(ListDocumentsRequest.newBuilder().setIncludeBuilding(true).build())
          .getDocumentsList()
          .stream()
          .filter(document -> document.getState() == DocumentState.DOCUMENT_STATE_BUILDING)
          .toList()
          .size();
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void aHundredStreamsThatAreClosedAtRandomLeaveNothing() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    String document = http.document("a text", TinyModel.text(600, 1)).path("id").asString("");
    Generator generator = LTRI.inferenceBean(Generator.class);
    assertThat(generator.running()).isZero();
    List<Future<?>> clients = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
      for (int i = 0; i < REQUESTS; i++) {
        int pause = random.nextInt(200);
        boolean reads = random.nextBoolean();
        clients.add(
            threads.submit(
                () -> {
                  try (Socket socket = send(endless(document, true))) {
                    InputStream in = socket.getInputStream();
                    if (reads) {
                      assertThat(in.read()).isNotNegative();
                    }
                    Thread.sleep(pause);
                  }
                  return null;
                }));
      }
      for (Future<?> client : clients) {
        client.get();
      }
    }
    await("no answer is being made", () -> generator.running() == 0);
    await("no delta is left", () -> deltas() == 0);
    assertThat(
            http.post("/v1/chat/completions", endless(document, false).replace("100000", "3"))
                .status())
        .isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aClientThatGoesEndsItsWorkWhetherItStreamsOrNot(boolean stream) throws Exception {
    String document = http.document("a text", TinyModel.text(600, 1)).path("id").asString("");
    Generator generator = LTRI.inferenceBean(Generator.class);
    try (Socket socket = send(endless(document, stream))) {
      await("the answer is being made", () -> generator.running() == 1);
    }
    await("no answer is being made", () -> generator.running() == 0);
  }
}
