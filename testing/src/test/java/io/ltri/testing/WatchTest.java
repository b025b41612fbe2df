package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.ltri.client.LtriClient;
import io.ltri.client.LtriException;
import io.ltri.client.NewDocument;
import io.ltri.edge.access.Scope;
import io.ltri.edge.watch.Management;
import io.ltri.edge.watch.RequestIds;
import io.ltri.proto.inference.v1.GetServerRequest;
import io.ltri.proto.inference.v1.ServerGrpc;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** What is seen of running services from outside, and what must not be. */
@ExtendWith(OutputCaptureExtension.class)
class WatchTest {
  /** These are there only where there are several index nodes. */
  private static final List<String> OF_CLUSTERS =
      List.of(
          "ltri_index_replicas_missing",
          "ltri_index_moves_total",
          "ltri_index_hedges_total",
          "ltri_index_hedges_won_total",
          "ltri_index_replay_bytes");

  private static final Path DEPLOY = Path.of("../deploy");
  private static final TestTokens TOKENS = new TestTokens();
  private static final String OPERATOR = TOKENS.add("operator", "*", Scope.ADMIN, false);
  private static final String WRITER = TOKENS.add("writer", "acme", Scope.WRITER, false);
  private static final String EXPIRED = TOKENS.add("gone", "acme", Scope.WRITER, true);

  /** Keeps what is exported to it, as it comes. */
  private static final ConcurrentLinkedQueue<String> EXPORTED = new ConcurrentLinkedQueue<>();

  private static final HttpServer COLLECTOR = collector();

  /** The index comes back where it was. */
  private static final int INDEX_PORT = freePort();

  @RegisterExtension
  static final LtriExtension LTRI =
      TinyModel.services()
          .with("ltri.index.port", INDEX_PORT)
          .with("ltri.index.watch.port", 0)
          .with("ltri.inference.access.token-file", TOKENS.file)
          .with(
              "ltri.inference.watch.traces",
              "http://127.0.0.1:" + COLLECTOR.getAddress().getPort() + "/v1/traces")
          .with(
              "ltri.index.watch.traces",
              "http://127.0.0.1:" + COLLECTOR.getAddress().getPort() + "/v1/traces")
          .withClient(client -> client.token(WRITER));

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static HttpServer collector() {
    try {
      HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
      server.createContext(
          "/v1/traces",
          exchange -> {
            byte[] batch = exchange.getRequestBody().readAllBytes();
            EXPORTED.add(new String(batch, StandardCharsets.ISO_8859_1));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
          });
      server.start();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static HttpResponse<String> get(int port, String path, String token) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
      if (token != null) {
        request.header("Authorization", "Bearer " + token);
      }
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  private static int inferencePort() {
    return LTRI.inferenceBean(Management.class).port();
  }

  private static int indexPort() {
    return LTRI.indexBeans(Management.class).iterator().next().port();
  }

  private static Set<String> names(String metrics) {
    return metrics
        .lines()
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.split("[{ ]", 2)[0])
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String read(String text) throws InterruptedException {
    return LTRI.client().createDocument(NewDocument.of("a text", text)).document().id();
  }

  @Test
  void everyMetricThatDashboardAndAlertsNameIsThere() throws Exception {
    LTRI.client().generate(TinyModel.question(read(TinyModel.text(600, 3)), "who?").build());
    assertThat(get(LTRI.http().getPort(), "/v1/models", WRITER).statusCode()).isEqualTo(200);
    String metrics = get(inferencePort(), "/metrics", OPERATOR).body();
    Set<String> names = names(metrics);
    Set<String> indexNames = names(get(indexPort(), "/metrics", null).body());
    names.addAll(indexNames);
    assertThat(names)
        .contains(
            "ltri_first_token_seconds_bucket",
            "ltri_next_token_seconds_bucket",
            "ltri_prefill_seconds_bucket",
            "ltri_decode_seconds_bucket",
            "ltri_lookups_total",
            "ltri_fetched_bytes_total",
            "ltri_index_reachable",
            "ltri_index_failures_total",
            "ltri_index_lookups_seconds_bucket",
            "ltri_index_documents_gone_total",
            "ltri_index_tenant_size_bytes",
            "grpc_server_processing_duration_seconds_count",
            "grpc_client_processing_duration_seconds_count");
    assertThat(metrics.lines())
        .as("what was fetched is kept")
        .anyMatch(line -> line.matches("ltri_block_cache_bytes(\\{.*})? [1-9].*"));
    names.addAll(OF_CLUSTERS);
    Pattern name = Pattern.compile("\\b(?:ltri|grpc|http|jvm|process)_[a-z0-9_]+");
    int seen = 0;
    for (String file : List.of("grafana/ltri.json", "prometheus/alerts.yml")) {
      Matcher named = name.matcher(Files.readString(DEPLOY.resolve(file)));
      while (named.find()) {
        assertThat(names).as("named in deploy/%s", file).contains(named.group());
        seen++;
      }
    }
    assertThat(seen).isGreaterThan(20);
  }

  @Test
  void theTableOfMetricsNamesEachOfOurOwnAndNoOther() throws Exception {
    LTRI.client().generate(TinyModel.question(read(TinyModel.text(600, 3)), "who?").build());
    Set<String> names = names(get(inferencePort(), "/metrics", OPERATOR).body());
    names.addAll(names(get(indexPort(), "/metrics", null).body()));
    Set<String> own =
        names.stream()
            .filter(name -> name.startsWith("ltri_"))
            .map(name -> name.replaceFirst("_(bucket|count|sum|max)$", ""))
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> documented = new TreeSet<>();
    Matcher named =
        Pattern.compile("`(ltri_[a-z0-9_]+)`")
            .matcher(Files.readString(Path.of("../docs/operations.md")));
    while (named.find()) {
      documented.add(named.group(1));
    }
    own.addAll(OF_CLUSTERS);
    assertThat(documented).isEqualTo(own);
  }

  @Test
  void figuresOfAllTenantsAreForOperators() throws Exception {
    assertThat(get(inferencePort(), "/metrics", null).statusCode()).isEqualTo(401);
    assertThat(get(inferencePort(), "/metrics", WRITER).statusCode()).isEqualTo(403);
    assertThat(get(inferencePort(), "/livez", null).statusCode()).isEqualTo(200);
    assertThat(get(inferencePort(), "/../etc/passwd", OPERATOR).statusCode()).isEqualTo(404);
  }

  @Test
  void requestsOverHttpAreCountedByTheirAddressAsAPattern() throws Exception {
    int http = LTRI.http().getPort();
    assertThat(get(http, "/v1/documents/a-secret-id", WRITER).statusCode()).isEqualTo(404);
    assertThat(get(http, "/v1/documents/a-secret-id", null).statusCode()).isEqualTo(401);
    assertThat(get(http, "/a-secret-address", OPERATOR).statusCode()).isEqualTo(404);
    String metrics = get(inferencePort(), "/metrics", OPERATOR).body();
    for (String status : List.of("401", "404")) {
      assertThat(metrics.lines())
          .anyMatch(
              line ->
                  line.startsWith("http_server_requests_seconds_bucket{")
                      && line.contains("uri=\"/v1/documents/{id}\"")
                      && line.contains("method=\"GET\"")
                      && line.contains("status=\"" + status + "\""));
    }
    assertThat(metrics).doesNotContain("a-secret");
    Set<String> addresses = new TreeSet<>();
    Matcher address = Pattern.compile("http_server_\\S*uri=\"([^\"]*)\"").matcher(metrics);
    while (address.find()) {
      addresses.add(address.group(1));
    }
    assertThat(addresses).contains("/v1/documents/{id}").doesNotContain("none");
  }

  private static List<ServingStatus> health() {
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(LTRI.inferenceAddress()).usePlaintext().build();
    try {
      return Stream.of("", "ltri.inference.v1.Generation", "ltri.inference.v1.Documents")
          .map(
              name ->
                  HealthGrpc.newBlockingStub(channel)
                      .check(HealthCheckRequest.newBuilder().setService(name).build())
                      .getStatus())
          .toList();
    } finally {
      channel.shutdownNow();
    }
  }

  private static void awaitHealth(ServingStatus wanted) throws InterruptedException {
    for (int i = 0; i < 300 && !health().equals(List.of(wanted, wanted, wanted)); i++) {
      Thread.sleep(100);
    }
    assertThat(health()).containsOnly(wanted);
  }

  @Test
  void whatIsReadinessWhileTheIndexIsAway() throws Exception {
    // On a busy machine the index may have been late a moment ago.
    awaitHealth(ServingStatus.SERVING);
    assertThat(get(inferencePort(), "/readyz", null).body()).isEqualTo("ready\n");
    assertThat(get(indexPort(), "/readyz", null).statusCode()).isEqualTo(200);
    LTRI.stopIndex();
    HttpResponse<String> away = get(inferencePort(), "/readyz", null);
    for (int i = 0; i < 50 && away.statusCode() == 200; i++) {
      Thread.sleep(100);
      away = get(inferencePort(), "/readyz", null);
    }
    assertThat(away.statusCode()).isEqualTo(503);
    assertThat(away.body()).isEqualTo("the index cannot be reached\n");
    assertThat(get(inferencePort(), "/livez", null).statusCode()).isEqualTo(200);
    awaitHealth(ServingStatus.NOT_SERVING);
    LTRI.start();
    awaitHealth(ServingStatus.SERVING);
    assertThat(get(inferencePort(), "/readyz", null).statusCode()).isEqualTo(200);
  }

  @Test
  void aRequestKeepsItsIdAndItsTraceIsOneThroughBothServices() throws Exception {
    String document = read(TinyModel.text(600, 4));
    String trace = "0af7651916cd43dd8448eb211c80319c";
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER),
        "00-" + trace + "-b7ad6b7169203331-01");
    Metadata.Key<String> id = Metadata.Key.of(RequestIds.HEADER, Metadata.ASCII_STRING_MARSHALLER);
    headers.put(id, "my-request");
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + WRITER);
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(LTRI.inferenceAddress())
            .usePlaintext()
            .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
            .build();
    RawCall.Outcome server =
        RawCall.make(
            channel,
            ServerGrpc.getGetServerMethod(),
            List.of(GetServerRequest.getDefaultInstance().toByteArray()));
    assertThat(server.headers().get(id)).isEqualTo("my-request");
    try (LtriClient client = LtriClient.on(channel)) {
      client.generate(TinyModel.question(document, "who?").build());
    }
    channel.shutdownNow();
    LTRI.restart(); // Spans are sent in batches; the end sends the rest.
    String traceBytes = new String(HexFormat.of().parseHex(trace), StandardCharsets.ISO_8859_1);
    for (String service : List.of("ltri-inference", "ltri-index")) {
      assertThat(EXPORTED)
          .as("spans of %s in the trace", service)
          .anyMatch(batch -> batch.contains(service) && batch.contains(traceBytes));
    }
    assertThat(EXPORTED)
        .anyMatch(batch -> batch.contains(traceBytes) && batch.contains("SpanIndex.Search"));
    assertThat(EXPORTED).noneMatch(batch -> batch.contains(WRITER));
  }

  @Test
  void noTokenIsEverLogged(CapturedOutput output) throws Exception {
    for (String token : List.of(WRITER, EXPIRED, OPERATOR)) {
      try (LtriClient client =
          LtriClient.builder().address(LTRI.inferenceAddress()).token(token).build()) {
        assertThatThrownBy(() -> client.document("missing")).isInstanceOf(LtriException.class);
        assertThatThrownBy(() -> client.createDocument(NewDocument.of("x", "")))
            .isInstanceOf(LtriException.class);
      }
      get(inferencePort(), "/metrics", token);
    }
    LTRI.restart();
    assertThat(output.getAll()).isNotEmpty().contains("tokens in");
    for (String token : List.of(WRITER, EXPIRED, OPERATOR)) {
      assertThat(output.getAll())
          .doesNotContain(token)
          .doesNotContain(io.ltri.edge.access.Token.sha256(token));
    }
  }
}
