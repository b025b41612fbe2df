package io.ltri.testing;

import io.ltri.client.LtriClient;
import io.ltri.index.IndexApplication;
import io.ltri.inference.InferenceApplication;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.WebServer;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;

/**
 * Starts an index service and an inference service for the tests of a class.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final LtriExtension LTRI = LtriExtension.withModel(path);
 *
 * @Test
 * void answers() {
 *   Answer answer = LTRI.client().generate(Question.of("What is the capital of France?"));
 * }
 * }</pre>
 *
 * One thread at a time may start and stop; clients may be used by many.
 */
public final class LtriExtension implements BeforeAllCallback, AfterAllCallback {
  private final Map<String, String> settings = new LinkedHashMap<>();
  private UnaryOperator<LtriClient.Builder> clients = UnaryOperator.identity();
  private @Nullable Supplier<String> otherIndex;
  private @Nullable Path data;
  private boolean ownData;
  private @Nullable ConfigurableApplicationContext index;
  private @Nullable ConfigurableApplicationContext inference;
  private @Nullable LtriClient client;

  private LtriExtension(Path model) {
    settings.put("ltri.inference.model", model.toString());
  }

  /**
   * @param model GGUF file or folder with safetensors
   */
  public static LtriExtension withModel(Path model) {
    return new LtriExtension(model);
  }

  /**
   * A setting of either service, {@code ltri.index.*} or {@code ltri.inference.*}; takes effect at
   * the next start.
   *
   * @return this
   */
  public LtriExtension with(String name, Object value) {
    settings.put(name, value.toString());
    return this;
  }

  /**
   * Where the services keep their files; not deleted afterwards. Without this: a temporary folder,
   * which is.
   *
   * @return this
   */
  public LtriExtension in(Path folder) {
    data = folder;
    ownData = false;
    return this;
  }

  /**
   * The inference service uses an index service that runs already, and none is started here.
   *
   * @param address host:port; asked at each start
   * @return this
   */
  public LtriExtension withIndexAt(Supplier<String> address) {
    otherIndex = address;
    return this;
  }

  /**
   * How {@link #client} reaches the service; without this, as one that lets everybody in.
   *
   * @return this
   */
  public LtriExtension withClient(UnaryOperator<LtriClient.Builder> how) {
    clients = how;
    return this;
  }

  /** The data folder; exists once the services have been started. */
  public Path data() {
    return required(data);
  }

  /** A client of the inference service that runs now. */
  public LtriClient client() {
    return required(client);
  }

  /** host:port of the inference service. */
  public String inferenceAddress() {
    return "127.0.0.1:" + port(required(inference));
  }

  /** Where the inference service speaks HTTP, without a slash at the end. */
  public URI http() {
    WebServer server = ((WebServerApplicationContext) required(inference)).getWebServer();
    return URI.create("http://127.0.0.1:" + required(server).getPort());
  }

  /** host:port of the index service. */
  public String indexAddress() {
    if (otherIndex != null) {
      return otherIndex.get();
    }
    return "127.0.0.1:" + port(required(index));
  }

  /** All beans of a kind of the inference service. */
  public <T> Collection<T> inferenceBeans(Class<T> type) {
    return required(inference).getBeansOfType(type).values();
  }

  /** All beans of a kind of the index service. */
  public <T> Collection<T> indexBeans(Class<T> type) {
    return required(index).getBeansOfType(type).values();
  }

  /** A bean of the inference service, to look inside. */
  public <T> T inferenceBean(Class<T> type) {
    return required(inference).getBean(type);
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    start();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    stop();
    if (ownData) {
      delete(data());
      data = null;
    }
  }

  /** Starts what does not run. */
  public void start() {
    if (data == null) {
      try {
        data = Files.createTempDirectory("ltri-test-");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      ownData = true;
    }
    if (index == null && otherIndex == null) {
      index = run(IndexApplication.builder(), "ltri.index.port=0", "ltri.index.data=" + data);
    }
    if (inference == null) {
      inference =
          run(
              InferenceApplication.builder(),
              "ltri.inference.port=0",
              "ltri.inference.warm-start=false",
              "ltri.inference.http.port=0",
              "ltri.inference.data=" + data,
              "ltri.inference.index=" + indexAddress());
      client = clients.apply(LtriClient.builder().address(inferenceAddress())).build();
    }
  }

  /** Stops both services; the data folder stays. */
  public void stop() {
    if (client != null) {
      client.close();
      client = null;
    }
    if (inference != null) {
      inference.close();
      inference = null;
    }
    stopIndex();
  }

  /** Stops the index service alone, as if its machine had gone. */
  public void stopIndex() {
    if (index != null) {
      index.close();
      index = null;
    }
  }

  /** Stops both services and starts them again on the same data. */
  public void restart() {
    stop();
    start();
  }

  private ConfigurableApplicationContext run(SpringApplicationBuilder service, String... own) {
    Map<String, String> all = new LinkedHashMap<>();
    for (String setting : own) {
      int equals = setting.indexOf('=');
      all.put(setting.substring(0, equals), setting.substring(equals + 1));
    }
    all.putAll(settings);
    List<String> arguments = new ArrayList<>();
    all.forEach((name, value) -> arguments.add("--" + name + "=" + value));
    return service.run(arguments.toArray(String[]::new));
  }

  private static int port(ConfigurableApplicationContext service) {
    return service.getBean(GrpcServerLifecycle.class).getPort();
  }

  private static <T> T required(@Nullable T value) {
    if (value == null) {
      throw new IllegalStateException(
          "the services are not running: register the extension, or call start()");
    }
    return value;
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
