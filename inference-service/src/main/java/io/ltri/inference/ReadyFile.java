package io.ltri.inference;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.grpc.server.lifecycle.GrpcServerStartedEvent;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tells whoever started the service where it listens: a file with one line of JSON, gone when the
 * service ends.
 */
@Component
class ReadyFile implements DisposableBean {
  private static final Logger log = LoggerFactory.getLogger(ReadyFile.class);

  private final String file;
  private final InferenceSettings settings;
  private int grpcPort;
  private int httpPort;

  ReadyFile(@Value("${ltri.ready-file:}") String file, InferenceSettings settings) {
    this.file = file;
    this.settings = settings;
  }

  @EventListener
  void grpcServing(GrpcServerStartedEvent event) {
    grpcPort = event.getPort();
  }

  @EventListener
  void httpServing(WebServerInitializedEvent event) {
    httpPort = event.getWebServer().getPort();
  }

  @EventListener
  void serving(ApplicationReadyEvent event) throws IOException {
    String address = settings.host().getHostAddress() + ":" + grpcPort;
    // A server that listens nowhere has a port below 0.
    String http = httpPort > 0 ? url() : "";
    log.info(
        "inference service {} listens on {}{}",
        ServerVersion.VERSION,
        address,
        http.isEmpty() ? ", not on HTTP" : " and " + http);
    if (file.isEmpty()) {
      return;
    }
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("name", "inference-service");
    line.put("pid", ProcessHandle.current().pid());
    line.put("address", address);
    line.put("http", http);
    line.put("version", ServerVersion.VERSION);
    line.put("data", settings.data().toAbsolutePath().toString());
    Path target = Path.of(file).toAbsolutePath();
    Path part = target.resolveSibling(target.getFileName() + ".part");
    Files.writeString(part, JsonMapper.shared().writeValueAsString(line) + "\n");
    Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private String url() {
    InetAddress host = settings.http().host();
    String name =
        host instanceof Inet6Address ? "[" + host.getHostAddress() + "]" : host.getHostAddress();
    return "http://" + name + ":" + httpPort;
  }

  @Override
  public void destroy() throws IOException {
    if (!file.isEmpty()) {
      Files.deleteIfExists(Path.of(file));
    }
  }
}
