package io.ltri.edge.watch;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.ltri.edge.access.Gate;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Answers those who watch a service, from before it is ready: {@code /metrics} in Prometheus' text
 * format, {@code /livez} (200 while the process can answer) and {@code /readyz} (503 and the reason
 * while it should get no requests).
 */
public final class ManagementServer implements AutoCloseable {

  /** The paths, and who may ask for each: figures of all tenants are for operators. */
  public static final Map<String, Gate.Rule> RULES =
      Map.of(
          "GET /metrics", Gate.Rule.ADMIN,
          "GET /livez", Gate.Rule.ANYBODY,
          "GET /readyz", Gate.Rule.ANYBODY);

  private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";

  private final HttpServer server;
  private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();

  private ManagementServer(HttpServer server) {
    this.server = server;
  }

  /**
   * @param tls null: none
   * @param gate knows {@link #RULES}
   * @param metrics the figures as they are now
   * @throws IOException if the address cannot be had
   */
  public static ManagementServer start(
      InetSocketAddress address,
      @Nullable SSLContext tls,
      Gate gate,
      Supplier<String> metrics,
      Readiness readiness)
      throws IOException {
    HttpServer http;
    if (tls == null) {
      http = HttpServer.create(address, 0);
    } else {
      HttpsServer https = HttpsServer.create(address, 0);
      https.setHttpsConfigurator(new HttpsConfigurator(tls));
      http = https;
    }
    ManagementServer server = new ManagementServer(http);
    http.setExecutor(server.calls);
    http.createContext(
        "/",
        exchange -> {
          try (exchange) {
            answer(exchange, gate, metrics, readiness);
          }
        });
    http.start();
    return server;
  }

  private static void answer(
      HttpExchange exchange, Gate gate, Supplier<String> metrics, Readiness readiness)
      throws IOException {
    String call = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
    if (!RULES.containsKey(call)) {
      send(exchange, 404, "there are GET /metrics, /livez and /readyz\n");
      return;
    }
    switch (gate.decide(call, exchange.getRequestHeaders().getFirst("Authorization"))) {
      case Gate.Decision.NoCredential no -> {
        exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
        send(exchange, 401, no.message() + "\n");
      }
      case Gate.Decision.NotAllowed no -> send(exchange, 403, no.message() + "\n");
      case Gate.Decision.Allowed allowed -> {
        switch (call) {
          case "GET /metrics" -> send(exchange, 200, metrics.get());
          case "GET /livez" -> send(exchange, 200, "alive\n");
          default -> {
            Optional<String> problem = readiness.problem();
            send(exchange, problem.isEmpty() ? 200 : 503, problem.orElse("ready") + "\n");
          }
        }
      }
    }
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", TEXT);
    exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    calls.close();
  }
}
