package io.ltri.inference.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HubDownloadTest {

  private static final String NAME = "tiny/model";
  private static final String WEIGHTS = "model.safetensors";

  @TempDir Path models;

  private final Map<String, byte[]> served = new ConcurrentHashMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private volatile int breakAfter = -1;
  private volatile int status = 200;
  private volatile String etag = "\"one\"";
  private HttpServer server;
  private HubDownload hub;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/" + NAME + "/resolve/main/", this::answer);
    server.createContext("/elsewhere/", this::answer);
    server.start();
    URI base = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    hub = new HubDownload(models, base, (file, done, total) -> {});
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void serve(String model) throws IOException {
    try (Stream<Path> files = Files.list(TestModels.model(model))) {
      for (Path file : files.toList()) {
        served.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String file = path.substring(path.lastIndexOf('/') + 1);
    String range = exchange.getRequestHeaders().getFirst("Range");
    requests.add(file + (range == null ? "" : " " + range));
    try (exchange) {
      byte[] bytes = served.get(file);
      if (bytes == null || status != 200) {
        exchange.sendResponseHeaders(bytes == null ? 404 : status, -1);
        return;
      }
      if (file.equals(WEIGHTS) && !path.startsWith("/elsewhere/")) {
        exchange.getResponseHeaders().add("Location", "/elsewhere/" + file);
        exchange.sendResponseHeaders(302, -1);
        return;
      }
      exchange.getResponseHeaders().add("ETag", etag);
      int from = 0;
      if (range != null && etag.equals(exchange.getRequestHeaders().getFirst("If-Range"))) {
        from = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
        if (from >= bytes.length) {
          exchange.sendResponseHeaders(416, -1);
          return;
        }
        exchange
            .getResponseHeaders()
            .add("Content-Range", "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
      }
      exchange.sendResponseHeaders(from > 0 ? 206 : 200, bytes.length - from);
      int to = file.equals(WEIGHTS) && breakAfter >= 0 ? breakAfter : bytes.length;
      exchange.getResponseBody().write(bytes, from, to - from);
      exchange.getResponseBody().flush();
    }
  }

  @Test
  void oneFileComesWholeOrNotAtAll() throws IOException {
    serve("tiny-llama");
    Path target = models.resolve("here.json");
    hub.fetchFile(NAME, "tokenizer.json", target);
    assertThat(target).hasBinaryContent(served.get("tokenizer.json"));
    assertThatThrownBy(() -> hub.fetchFile(NAME, "none.gguf", models.resolve("none.gguf")))
        .isInstanceOf(ModelDownloadException.class)
        .hasMessageContaining("none.gguf");
    assertThat(models.resolve("none.gguf")).doesNotExist();
  }

  @Test
  void bringsAModelThatOpens() throws IOException {
    serve("tiny-llama");
    Path folder = hub.fetch(NAME);
    assertThat(folder).isEqualTo(models.resolve("tiny").resolve("model"));
    try (ModelSource model = ModelFiles.open(folder)) {
      assertThat(model.name()).isEqualTo("model");
      assertThat(model.tokenizerJson()).isPresent();
      assertThat(model.chatTemplate()).isPresent();
      assertThat(model.config().eos()).containsExactly(2, 0);
    }
    assertThat(folder.resolve("logits.bin")).doesNotExist();
    assertNoLeftOvers(folder);
  }

  @Test
  void bringsShards() throws IOException {
    serve("tiny-qwen3");
    try (ModelSource model = ModelFiles.open(hub.fetch(NAME))) {
      assertThat(model.config().family()).isEqualTo(ModelFamily.QWEN3);
    }
  }

  @Test
  void asksNothingOnceWhole() throws IOException {
    serve("tiny-llama");
    hub.fetch(NAME);
    requests.clear();
    server.stop(0);
    assertThat(hub.fetch(NAME)).isDirectory();
    assertThat(requests).isEmpty();
  }

  @Test
  void goesOnWhereItWasInterrupted() throws IOException {
    serve("tiny-llama");
    breakAfter = 100_000;
    assertThatThrownBy(() -> hub.fetch(NAME)).isInstanceOf(ModelDownloadException.class);
    Path folder = hub.folder(NAME);
    assertThat(folder.resolve(WEIGHTS)).doesNotExist();
    long kept = Files.size(folder.resolve(WEIGHTS + ".part"));
    assertThat(kept).isPositive();

    breakAfter = -1;
    requests.clear();
    hub.fetch(NAME);
    assertThat(requests).contains(WEIGHTS + " bytes=" + kept + "-").doesNotContain("config.json");
    assertThat(Files.readAllBytes(folder.resolve(WEIGHTS))).isEqualTo(served.get(WEIGHTS));
    assertNoLeftOvers(folder);
  }

  @Test
  void beginsAgainWhenTheFileHasChanged() throws IOException {
    serve("tiny-llama");
    breakAfter = 100_000;
    assertThatThrownBy(() -> hub.fetch(NAME)).isInstanceOf(ModelDownloadException.class);

    breakAfter = -1;
    etag = "\"two\"";
    byte[] changed = requireNonNull(served.get(WEIGHTS)).clone();
    Arrays.fill(changed, changed.length - 64, changed.length, (byte) 0);
    changed[9_000] ^= 1;
    served.put(WEIGHTS, changed);
    Path folder = hub.fetch(NAME);
    assertThat(Files.readAllBytes(folder.resolve(WEIGHTS))).isEqualTo(changed);
  }

  @Test
  void partThatIsNoLongerAPartIsReplaced() throws IOException {
    serve("tiny-llama");
    Path folder = Files.createDirectories(hub.folder(NAME));
    Files.write(folder.resolve(WEIGHTS + ".part"), new byte[200_000]);
    Files.writeString(folder.resolve(WEIGHTS + ".part.etag"), etag);
    hub.fetch(NAME);
    assertThat(Files.readAllBytes(folder.resolve(WEIGHTS))).isEqualTo(served.get(WEIGHTS));
    assertNoLeftOvers(folder);
  }

  @Test
  void modelThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> hub.fetch(NAME))
        .isInstanceOf(ModelDownloadException.class)
        .hasMessageContaining("has no model tiny/model");
  }

  @Test
  void modelWithoutSafetensorsIsNamed() throws IOException {
    serve("tiny-llama");
    served.remove(WEIGHTS);
    assertThatThrownBy(() -> hub.fetch(NAME))
        .isInstanceOf(ModelDownloadException.class)
        .hasMessageContaining("no weights in safetensors");
  }

  @Test
  void modelThatNeedsAnAccountIsNamed() throws IOException {
    serve("tiny-llama");
    status = 401;
    assertThatThrownBy(() -> hub.fetch(NAME))
        .isInstanceOf(ModelDownloadException.class)
        .hasMessageContaining("needs an account");
  }

  @Test
  void networkThatDoesNotAllowItIsNamed() {
    server.stop(0);
    assertThatThrownBy(() -> hub.fetch(NAME))
        .isInstanceOf(ModelDownloadException.class)
        .hasMessageContaining("if this network does not allow it")
        .hasMessageContaining(hub.folder(NAME).toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"model", "a/b/c", "../b", "a/..", "a/b?c", "a b/c", "/b", "a/", ""})
  void otherNamesAreRefused(String name) {
    assertThat(HubDownload.isHubName(name)).isFalse();
    assertThatThrownBy(() -> hub.fetch(name)).isInstanceOf(ModelDownloadException.class);
  }

  private static void assertNoLeftOvers(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .noneMatch(name -> name.endsWith(".part") || name.endsWith(".etag"));
    }
  }
}
