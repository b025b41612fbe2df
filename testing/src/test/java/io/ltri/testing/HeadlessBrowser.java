package io.ltri.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.opentest4j.AssertionFailedError;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A page in a Chromium without a window, driven over the DevTools protocol; one thread. What the
 * page complains of is kept.
 */
final class HeadlessBrowser implements AutoCloseable {
  private static final Duration LONG = Duration.ofSeconds(90);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path profile;
  private final Process process;
  private final WebSocket socket;
  private final AtomicInteger calls = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
  private final List<String> complaints = new CopyOnWriteArrayList<>();

  /** The browser of this machine; empty if there is none. */
  static Optional<Path> installed() {
    String named = System.getenv("LTRI_TEST_CHROMIUM");
    Stream<String> known =
        Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome");
    return (named == null ? known : Stream.of(named))
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst();
  }

  HeadlessBrowser(Path executable) {
    try {
      profile = Files.createTempDirectory("ltri-browser");
      process =
          new ProcessBuilder(
                  executable.toString(),
                  "--headless=new",
                  "--no-sandbox",
                  "--disable-gpu",
                  "--no-first-run",
                  "--disable-background-networking",
                  "--remote-debugging-port=0",
                  "--user-data-dir=" + profile,
                  "about:blank")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      HttpClient http = HttpClient.newHttpClient();
      String page =
          http.send(
                  HttpRequest.newBuilder(
                          URI.create("http://127.0.0.1:" + port() + "/json/new?about:blank"))
                      .PUT(HttpRequest.BodyPublishers.noBody())
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .body();
      socket =
          http.newWebSocketBuilder()
              .buildAsync(
                  URI.create(JSON.readTree(page).path("webSocketDebuggerUrl").asString("")),
                  new Incoming())
              .join();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    call("Runtime.enable", Map.of());
    call("Log.enable", Map.of());
    call("Page.enable", Map.of());
  }

  private static IllegalStateException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IllegalStateException("interrupted", e);
  }

  private String port() throws IOException, InterruptedException {
    Path file = profile.resolve("DevToolsActivePort");
    long end = System.nanoTime() + LONG.toNanos();
    while (System.nanoTime() < end) {
      if (Files.exists(file)) {
        List<String> lines = Files.readAllLines(file);
        if (!lines.isEmpty()) {
          return lines.getFirst();
        }
      }
      if (!process.isAlive()) {
        throw new IllegalStateException("the browser ended with " + process.exitValue());
      }
      Thread.sleep(50);
    }
    throw new IllegalStateException("the browser did not open its port");
  }

  private final class Incoming implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        take(JSON.readTree(text.toString()));
        text.setLength(0);
      }
      from.request(1);
      return CompletableFuture.completedFuture(null);
    }
  }

  private void take(JsonNode message) {
    CompletableFuture<JsonNode> answer = answers.remove(message.path("id").asInt(0));
    if (answer != null) {
      answer.complete(message);
      return;
    }
    JsonNode about = message.path("params");
    switch (message.path("method").asString("")) {
      case "Runtime.exceptionThrown" ->
          complaints.add(about.path("exceptionDetails").path("exception").toString());
      case "Runtime.consoleAPICalled" -> {
        if (List.of("error", "warning").contains(about.path("type").asString(""))) {
          complaints.add(about.path("args").toString());
        }
      }
      case "Log.entryAdded" -> {
        if (about.path("entry").path("level").asString("").equals("error")) {
          complaints.add(about.path("entry").path("text").asString(""));
        }
      }
      default -> {}
    }
  }

  /** Errors and warnings of the page so far, those of its content security policy included. */
  List<String> complaints() {
    return List.copyOf(complaints);
  }

  private JsonNode call(String method, Map<String, ?> parameters) {
    int id = calls.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    answers.put(id, answer);
    socket
        .sendText(
            JSON.writeValueAsString(Map.of("id", id, "method", method, "params", parameters)), true)
        .join();
    JsonNode message = answer.orTimeout(LONG.toSeconds(), TimeUnit.SECONDS).join();
    if (message.has("error")) {
      throw new IllegalStateException(method + ": " + message.path("error"));
    }
    return message.path("result");
  }

  void size(int width, int height) {
    call(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
  }

  void open(String url) {
    call("Page.navigate", Map.of("url", url));
    await("document.readyState === 'complete' && location.href.startsWith('http')");
  }

  /** What an expression gives; promises are waited for. */
  JsonNode evaluate(String expression) {
    JsonNode result =
        call(
            "Runtime.evaluate",
            Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
    if (result.has("exceptionDetails")) {
      throw new AssertionFailedError(expression + ": " + result.path("exceptionDetails"));
    }
    return result.path("result").path("value");
  }

  /** Waits until an expression is true. */
  void await(String expression) {
    await(expression, LONG);
  }

  /** Waits until an expression is true, for what takes long. */
  void await(String expression, Duration most) {
    long end = System.nanoTime() + most.toNanos();
    while (!evaluate("Boolean(" + expression + ")").asBoolean(false)) {
      if (System.nanoTime() > end) {
        throw new AssertionFailedError(
            "never true: " + expression + "; the page says " + complaints);
      }
      try {
        Thread.sleep(50);
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
  }

  /** Puts a file into an input, as a person does. */
  void choose(String selector, Path file) {
    String object =
        call("Runtime.evaluate", Map.of("expression", "document.querySelector('" + selector + "')"))
            .path("result")
            .path("objectId")
            .asString("");
    call(
        "DOM.setFileInputFiles",
        Map.of("files", List.of(file.toAbsolutePath().toString()), "objectId", object));
  }

  /** What the page lets a person save goes to this folder. */
  void saveTo(Path folder) {
    call(
        "Browser.setDownloadBehavior",
        Map.of("behavior", "allow", "downloadPath", folder.toAbsolutePath().toString()));
  }

  /** Presses a key where the focus is. */
  void press(String key, int code) {
    // Only a key with a text is a key that sends a form.
    String text = key.equals("Enter") ? "\r" : "";
    for (String type : List.of(text.isEmpty() ? "rawKeyDown" : "keyDown", "keyUp")) {
      call(
          "Input.dispatchKeyEvent",
          Map.of(
              "type", type, "key", key, "code", key, "text", text, "windowsVirtualKeyCode", code));
    }
  }

  void screenshot(Path file) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.write(
          file,
          Base64.getDecoder()
              .decode(call("Page.captureScreenshot", Map.of()).path("data").asString("")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    socket.abort();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    try {
      boolean unused = FileSystemUtils.deleteRecursively(profile);
    } catch (IOException e) {
      // The browser's last helper may still write; the folder is in the machine's temporary one.
    }
  }
}
