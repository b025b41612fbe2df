package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.inference.engine.Generator;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client that closes its connection ends its work. */
class HttpCancellationTest {
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

  static Socket send(URI server, String body) throws IOException {
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

  static String endless(String document, boolean stream) {
    return "{\"document\":\""
        + document
        + "\",\"max_tokens\":100000,\"stream\":"
        + stream
        // Sampled hot, so that the random model does not happen to end its answer.
        + ",\"temperature\":0.01,\"messages\":[{\"role\":\"user\",\"content\":\"go on for ever\"}]}";
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aClientThatGoesEndsItsWorkWhetherItStreamsOrNot(boolean stream) throws Exception {
    String document = http.document("a text", TinyModel.text(600, 1)).path("id").asString("");
    Generator generator = LTRI.inferenceBean(Generator.class);
    try (Socket socket = send(LTRI.http(), endless(document, stream))) {
      await("the answer is being made", () -> generator.running() == 1);
    }
    await("no answer is being made", () -> generator.running() == 0);
  }
}
