package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.edge.access.Scope;
import io.ltri.inference.engine.Generator;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes that no honest client sends over HTTP. */
@Tag("slow")
class HostileHttpTest {
  private static final TestTokens TOKENS = new TestTokens();
  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static final String TOKEN = TOKENS.add("writer", "acme", Scope.WRITER, false);
  private static final int PATIENCE_MILLIS = 2_000;

  /** So long the server may take with everything, on a machine that is busy with other things. */
  private static final int MOST_MILLIS = 40_000;

  @RegisterExtension
  static final LtriExtension LTRI =
      TinyModel.services()
          .with("ltri.inference.access.token-file", TOKENS.file)
          .with("ltri.inference.http.max-body", "64KB")
          .with("ltri.inference.patience", PATIENCE_MILLIS + "ms")
          .withClient(client -> client.token(TOKEN));

  private static String document;

  @BeforeAll
  static void read() throws Exception {
    document =
        LTRI.client()
            .createDocument(
                io.ltri.client.NewDocument.of("harbour", TinyModel.text(300, NUMBER.get())))
            .document()
            .id();
  }

  private static RawHttp connection() throws Exception {
    return new RawHttp(LTRI.http(), 0);
  }

  private static String head(String line, String... more) {
    StringBuilder head = new StringBuilder(line + " HTTP/1.1\r\nHost: localhost\r\n");
    head.append("Authorization: Bearer ").append(TOKEN).append("\r\n");
    for (String header : more) {
      head.append(header).append("\r\n");
    }
    return head.toString();
  }

  /** What must never be carried out. */
  private static String deletion() {
    return head("DELETE /v1/documents/" + document) + "\r\n";
  }

  private static void othersAreServed() throws Exception {
    try (RawHttp other = connection()) {
      String answer =
          other.send(head("GET /v1/models", "Connection: close") + "\r\n").untilClosed(MOST_MILLIS);
      assertThat(RawHttp.status(answer)).as(answer).isEqualTo(200);
    }
  }

  private static boolean documentIsThere() {
    return LTRI.client().documents().stream().anyMatch(one -> one.id().equals(document));
  }

  /** Each of these can mean two things, to two servers one behind the other. */
  static Stream<Map.Entry<String, String>> ambiguous() {
    String get = "GET /v1/models";
    String post = "POST /tokenize";
    String json = "Content-Type: application/json";
    String two = "{}";
    return Map.ofEntries(
        Map.entry(
            "two lengths",
            head(post, json, "Content-Length: 2", "Content-Length: 4") + "\r\n" + two),
        Map.entry("a list of lengths", head(post, json, "Content-Length: 2, 4") + "\r\n" + two),
        Map.entry("a negative length", head(post, json, "Content-Length: -2") + "\r\n" + two),
        Map.entry("a length that is no number", head(post, json, "Content-Length: 0x2") + "\r\n"),
        Map.entry(
            "a length beyond all numbers",
            head(post, json, "Content-Length: 99999999999999999999") + "\r\n"),
        Map.entry(
            "a transfer coding that nobody knows",
            head(post, json, "Transfer-Encoding: xchunked") + "\r\n" + two),
        Map.entry(
            "chunked that is not the last coding",
            head(post, json, "Transfer-Encoding: chunked, gzip") + "\r\n" + two),
        Map.entry("a bare carriage return", head(get, "X-One: 1\rX-Two: 2") + "\r\n"),
        Map.entry(
            "a space before the colon", head(post, json, "Content-Length : 2") + "\r\n" + two),
        Map.entry("a header without a name", head(get, ": one") + "\r\n"),
        Map.entry("a zero in a header", head(get, "X-One: a\0b") + "\r\n"),
        Map.entry("a line that is no header", head(get, "nonsense") + "\r\n"),
        Map.entry("two hosts", head(get, "Host: other") + "\r\n"),
        Map.entry("no host", "GET /v1/models HTTP/1.1\r\n\r\n"),
        Map.entry("no version", "GET /v1/models\r\n"),
        Map.entry(
            "a version that nobody knows", "GET /v1/models HTTP/9.9\r\nHost: localhost\r\n\r\n"),
        Map.entry("a method that is no word", "G(T /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        Map.entry(
            "a chunk without a size",
            head(post, json, "Transfer-Encoding: chunked") + "\r\nxyz\r\n"),
        Map.entry(
            "a chunk beyond all sizes",
            head(post, json, "Transfer-Encoding: chunked") + "\r\nfffffffffffffffff\r\n{}\r\n"),
        Map.entry(
            "a chunk that is longer than it says",
            head(post, json, "Transfer-Encoding: chunked") + "\r\n1\r\n{}\r\n0\r\n\r\n"))
        .entrySet()
        .stream();
  }

  @ParameterizedTest
  @MethodSource("ambiguous")
  void whatCanMeanTwoThingsIsRefusedAndWhatFollowsIsNotCarriedOut(Map.Entry<String, String> request)
      throws Exception {
    try (RawHttp connection = connection()) {
      String sent = request.getValue() + deletion();
      String answer = connection.send(sent).untilClosed(MOST_MILLIS);
      assertThat(RawHttp.status(answer)).as(answer).isIn(0, 400, 404, 501, 505);
      assertThat(answer.split("HTTP/1\\.1 ", -1)).as("answers in %s", answer).hasSizeLessThan(3);
      assertThat(answer).doesNotContain("at org.apache", "at java.base", "Tomcat");
    }
    assertThat(documentIsThere()).isTrue();
  }

  /** As RFC 9112 (6.1) allows: the coding counts, the length does not, and nothing follows. */
  @Test
  void aLengthBesideATransferCodingEndsTheConnection() throws Exception {
    String body = "{\"prompt\":\"a\"}";
    String chunked = Integer.toHexString(body.length()) + "\r\n" + body + "\r\n0\r\n\r\n";
    for (String length : new String[] {"4", "400"}) {
      try (RawHttp connection = connection()) {
        String answer =
            connection
                .send(
                    head(
                            "POST /tokenize",
                            "Content-Type: application/json",
                            "Content-Length: " + length,
                            "Transfer-Encoding: chunked")
                        + "\r\n"
                        + chunked
                        + deletion())
                .untilClosed(MOST_MILLIS);
        assertThat(RawHttp.status(answer)).as(answer).isIn(200, 400);
        assertThat(answer.split("HTTP/1\\.1 ", -1)).as(answer).hasSize(2);
      }
    }
    assertThat(documentIsThere()).isTrue();
  }

  @Test
  void headersBeyondTheLimitAreRefused() throws Exception {
    for (String headers :
        new String[] {
          "X-Long: " + "a".repeat(20_000), ("X-One: 1\r\n").repeat(200) + "X-Last: 1",
        }) {
      try (RawHttp connection = connection()) {
        String answer =
            connection.send(head("GET /v1/models", headers) + "\r\n").untilClosed(MOST_MILLIS);
        assertThat(RawHttp.status(answer)).as(answer).isIn(0, 400, 431);
      }
    }
    othersAreServed();
  }

  @Test
  void aBodyBeyondTheLimitIsRefusedAsSoonAsThatIsKnown() throws Exception {
    try (RawHttp connection = connection()) {
      String answer =
          connection
              .send(
                  head(
                          "POST /tokenize",
                          "Content-Type: application/json",
                          "Content-Length: 1000000000000",
                          "Connection: close")
                      + "\r\n")
              .untilClosed(MOST_MILLIS);
      assertThat(RawHttp.status(answer)).as(answer).isEqualTo(413);
    }
    try (RawHttp connection = connection()) {
      connection.send(
          head("POST /tokenize", "Content-Type: application/json", "Transfer-Encoding: chunked")
              + "\r\n");
      String answer;
      try {
        for (int i = 0; i < 64; i++) {
          connection.send("1000\r\n" + " ".repeat(0x1000) + "\r\n");
        }
      } finally {
        answer = connection.untilClosed(MOST_MILLIS);
      }
      assertThat(RawHttp.status(answer)).as(answer).isEqualTo(413);
    }
    othersAreServed();
  }

  @Test
  void aHeadThatComesDropByDropIsGivenUp() throws Exception {
    try (RawHttp connection = connection()) {
      connection.send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
      othersAreServed();
      assertThat(connection.closesWhileSent('a', PATIENCE_MILLIS / 8, MOST_MILLIS)).isTrue();
    }
  }

  @Test
  void aBodyThatComesDropByDropIsGivenUp() throws Exception {
    try (RawHttp connection = connection()) {
      connection.send(
          head("POST /tokenize", "Content-Type: application/json", "Content-Length: 60000")
              + "\r\n");
      othersAreServed();
      assertThat(connection.closesWhileSent(' ', PATIENCE_MILLIS / 8, MOST_MILLIS)).isTrue();
    }
  }

  @Test
  @Tag("slow")
  void aFormThatComesDropByDropIsGivenUp() throws Exception {
    try (RawHttp connection = connection()) {
      connection.send(
          head(
                  "POST /v1/documents",
                  "Content-Type: multipart/form-data; boundary=b",
                  "Content-Length: 60000")
              + "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n");
      assertThat(connection.closesWhileSent('a', PATIENCE_MILLIS / 8, MOST_MILLIS)).isTrue();
    }
  }

  @Test
  void aStrangersBodyThatComesDropByDropIsGivenUp() throws Exception {
    try (RawHttp connection = connection()) {
      connection.send(
          "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              + "Content-Length: 60000\r\n\r\n");
      assertThat(connection.closesWhileSent(' ', PATIENCE_MILLIS / 8, MOST_MILLIS)).isTrue();
    }
  }

  @Test
  void aBodyThatNeverComesIsGivenUp() throws Exception {
    try (RawHttp connection = connection()) {
      String answer =
          connection
              .send(
                  head("POST /tokenize", "Content-Type: application/json", "Content-Length: 10")
                      + "\r\n{")
              .untilClosed(MOST_MILLIS);
      assertThat(RawHttp.status(answer)).as(answer).isEqualTo(400);
    }
  }

  @Test
  @Tag("slow")
  void aStreamThatIsNotReadEndsAndHoldsNobodyUp() throws Exception {
    Generator generator = LTRI.inferenceBean(Generator.class);
    String body =
        "{\"document\":\""
            + document
            + "\",\"max_tokens\":100000,\"stream\":true,\"logprobs\":true,\"top_logprobs\":20,"
            + "\"ltri\":{\"sources\":100},\"temperature\":0.01,"
            + "\"messages\":[{\"role\":\"user\",\"content\":\"go on for ever\"}]}";
    try (RawHttp connection = new RawHttp(LTRI.http(), 1024)) {
      connection.send(
          head(
                  "POST /v1/chat/completions",
                  "Content-Type: application/json",
                  "Content-Length: " + body.length())
              + "\r\n"
              + body);
      long end = System.nanoTime() + Duration.ofMillis(MOST_MILLIS).toNanos();
      while (generator.running() == 0) {
        assertThat(System.nanoTime()).isLessThan(end);
        Thread.sleep(10);
      }
      othersAreServed();
      while (generator.running() > 0) {
        assertThat(System.nanoTime()).as("the answer that nobody reads").isLessThan(end);
        Thread.sleep(50);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/documents/..%2f..%2f..%2fetc%2fpasswd",
        "/v1/documents/..%2f..%2f..%2fetc%2fpasswd/text",
        "/v1/documents/../../../etc/passwd",
        "/v1/documents/%2e%2e/%2e%2e/etc/passwd",
        "/v1/documents/..;/..;/etc/passwd",
        "/v1/documents/..%5c..%5cetc%5cpasswd",
        "/v1/documents/%00/export",
        "/v1/documents/%c0%ae%c0%ae%c0%afetc%c0%afpasswd",
        "/v1/files/..%2f..%2fetc%2fpasswd/content",
        "/v1/models/../../../etc/passwd",
        "/v1/models/..%2f..%2fetc%2fpasswd",
        "/js/../inference-service.yml",
        "/js/%2e%2e/inference-service.yml",
        "/js/..%2finference-service.yml",
        "/js/%252e%252e/inference-service.yml",
        "/js/..%5cinference-service.yml",
        "//etc/passwd",
        "/js//etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "http://localhost/../etc/passwd",
      })
  void noAddressLeadsToAFile(String address) throws Exception {
    try (RawHttp connection = connection()) {
      String answer =
          connection
              .send(head("GET " + address, "Connection: close") + "\r\n")
              .untilClosed(MOST_MILLIS);
      assertThat(RawHttp.status(answer)).as(answer).isIn(400, 403, 404);
      assertThat(answer).doesNotContain("root:", "spring", "at java.base");
    }
  }

  @Test
  void theNameOfAFileIsATitleAndNoPath() throws Exception {
    Path parent = LTRI.data().toAbsolutePath();
    for (String name :
        new String[] {
          "../../../escaped.txt", "..\\\\..\\\\escaped.txt", "/tmp/escaped.txt", "a\0b"
        }) {
      String part =
          "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\""
              + name
              + "\"\r\nContent-Type: text/plain\r\n\r\n"
              + TinyModel.text(40, NUMBER.incrementAndGet())
              + "\r\n--b--\r\n";
      try (RawHttp connection = connection()) {
        String answer =
            connection
                .send(
                    head(
                            "POST /v1/documents",
                            "Content-Type: multipart/form-data; boundary=b",
                            "Content-Length: " + part.getBytes(StandardCharsets.ISO_8859_1).length,
                            "Connection: close")
                        + "\r\n"
                        + part)
                .untilClosed(MOST_MILLIS);
        assertThat(RawHttp.status(answer)).as(answer).isIn(202, 400);
      }
    }
    for (Path folder : new Path[] {parent, parent.getParent(), Path.of("/tmp"), Path.of("/")}) {
      try (Stream<Path> files = Files.list(folder)) {
        assertThat(files.map(Path::toString)).noneMatch(file -> file.contains("escaped"));
      }
    }
  }

  @Test
  void theNameOfAModelIsNoPath() {
    Http http = new Http(LTRI::http);
    String body =
        "{\"model\":\"../../../../etc/passwd\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
    Http.Reply reply =
        http.send(
            http.request("/v1/chat/completions")
                .header("content-type", "application/json")
                .header("authorization", "Bearer " + TOKEN)
                .POST(java.net.http.HttpRequest.BodyPublishers.ofString(body))
                .build());
    assertThat(reply.status()).isEqualTo(404);
    assertThat(reply.errorCode()).isEqualTo("model_not_found");
  }
}
