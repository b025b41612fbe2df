package io.ltri.index;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.event.EventListener;
import org.springframework.grpc.server.lifecycle.GrpcServerStartedEvent;

/**
 * Tells whoever started the service where it listens: a file with one line of JSON, named by {@code
 * ltri.ready-file}, gone when the service ends.
 */
class ReadyFile implements DisposableBean {

  private final String file;
  private final IndexSettings settings;

  ReadyFile(@Value("${ltri.ready-file:}") String file, IndexSettings settings) {
    this.file = file;
    this.settings = settings;
  }

  @EventListener
  void serving(GrpcServerStartedEvent event) throws IOException {
    if (file.isEmpty()) {
      return;
    }
    JsonObject line = new JsonObject();
    line.addProperty("name", "index-service");
    line.addProperty("pid", ProcessHandle.current().pid());
    line.addProperty("address", settings.host().getHostAddress() + ":" + event.getPort());
    line.addProperty("version", IndexConfiguration.version());
    line.addProperty("data", settings.data().toAbsolutePath().normalize().toString());
    Path target = Path.of(file).toAbsolutePath();
    Path part = target.resolveSibling(target.getFileName() + ".part");
    Files.writeString(part, line + "\n");
    Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void destroy() throws IOException {
    if (!file.isEmpty()) {
      Files.deleteIfExists(Path.of(file));
    }
  }
}
