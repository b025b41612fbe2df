package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.ltri.edge.access.Scope;
import io.ltri.inference.access.TenantLimits;
import io.ltri.proto.inference.v1.GetServerRequest;
import io.ltri.proto.inference.v1.ServerGrpc;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A tenant that asks for too much is told to wait; the others notice nothing. */
class TenantLimitsTest {
  private static final int CALLS = 2;
  private static final Metadata.Key<String> RETRY_AFTER =
      Metadata.Key.of("retry-after", Metadata.ASCII_STRING_MARSHALLER);
  private static final TestTokens TOKENS = new TestTokens();
  private static final String BUSY = TOKENS.add("busy", "busy", Scope.READER, false);
  private static final String QUICK = TOKENS.add("quick", "quick", Scope.READER, false);
  private static final String OTHER = TOKENS.add("other", "other", Scope.READER, false);
  private static final String ANOTHER = TOKENS.add("another", "another", Scope.READER, false);

  @RegisterExtension
  static final LtriExtension LTRI =
      TinyModel.services()
          .with("ltri.inference.access.token-file", TOKENS.file)
          .with("ltri.inference.tenant-calls", CALLS)
          .with("ltri.inference.tenant-rate", 4)
          .withClient(client -> client.token(OTHER));

  private static ManagedChannel channel;

  @BeforeAll
  static void connect() {
    channel = ManagedChannelBuilder.forTarget(LTRI.inferenceAddress()).usePlaintext().build();
  }

  @AfterAll
  static void disconnect() {
    channel.shutdownNow();
  }

  private static HttpResponse<String> models(String token) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(URI.create(LTRI.http() + "/v1/models"))
              .header("authorization", "Bearer " + token)
              .timeout(Duration.ofSeconds(60))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  private static RawCall.Outcome server(String token) {
    return RawCall.make(
        channel,
        ServerGrpc.getGetServerMethod(),
        token,
        List.of(GetServerRequest.getDefaultInstance().toByteArray()));
  }

  private static void refused(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(429);
    assertThat(answer.headers().firstValue("retry-after")).contains("1");
    assertThat(answer.body()).contains("rate_limit_exceeded", "rate_limit_error");
  }

  private static void refused(RawCall.Outcome answer) {
    assertThat(answer.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(answer.headers().get(RETRY_AFTER)).isEqualTo("1");
  }

  @Test
  void requestsInASecondAreCountedForEachTenantOverBothFaces() throws Exception {
    // Health and pages for everybody are not counted; some of so many come within a second.
    List<RawCall.Outcome> calls = new ArrayList<>();
    for (int i = 0;
        i < 200 && calls.stream().allMatch(call -> call.code() == Status.Code.OK);
        i++) {
      calls.add(server(QUICK));
    }
    refused(calls.getLast());
    HttpResponse<String> answer = models(QUICK);
    for (int i = 0; i < 200 && answer.statusCode() == 200; i++) {
      answer = models(QUICK);
    }
    refused(answer);
    assertThat(models(ANOTHER).statusCode()).isEqualTo(200);
    assertThat(server(ANOTHER).code()).isEqualTo(Status.Code.OK);
  }

  @Test
  void requestsAtATimeAreCountedForEachTenantOverBothFaces() throws Exception {
    TenantLimits limits = LTRI.inferenceBean(TenantLimits.class);
    String body =
        "{\"max_tokens\":100000,\"stream\":true,\"temperature\":0.01,"
            + "\"messages\":[{\"role\":\"user\",\"content\":\"go on for ever\"}]}";
    String request =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer "
            + BUSY
            + "\r\ncontent-type: application/json\r\ncontent-length: "
            + body.getBytes(StandardCharsets.UTF_8).length
            + "\r\n\r\n"
            + body;
    int before = limits.running();
    try (RawHttp one = new RawHttp(LTRI.http(), 0);
        RawHttp two = new RawHttp(LTRI.http(), 0)) {
      one.send(request);
      two.send(request);
      long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      while (limits.running() < before + CALLS) {
        assertThat(System.nanoTime()).isLessThan(end);
        Thread.sleep(10);
      }
      // So that the rate is not what refuses.
      Thread.sleep(1_100);
      HttpResponse<String> third = models(BUSY);
      refused(third);
      assertThat(third.body()).contains("at a time");
      RawCall.Outcome fourth = server(BUSY);
      refused(fourth);
      assertThat(fourth.status().getDescription()).contains("at a time");
      assertThat(models(OTHER).statusCode()).isEqualTo(200);
    }
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (models(BUSY).statusCode() != 200) {
      assertThat(System.nanoTime()).as("the places are free again").isLessThan(end);
      Thread.sleep(500);
    }
  }
}
