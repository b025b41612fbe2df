package io.ltri.index;

import io.grpc.netty.NettyServerBuilder;
import io.ltri.edge.LocalSocket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.grpc.server.ServerBuilderCustomizer;
import org.springframework.grpc.server.service.GrpcServiceConfigurer;
import org.springframework.grpc.server.service.GrpcServiceDiscoverer;

/**
 * On a Unix socket, for an inference service on the same machine. Only this user can connect. Where
 * no socket is wanted, or the machine has none, it does nothing.
 */
final class SocketServer extends ServerBeside {

  private static final Logger LOG = LoggerFactory.getLogger(SocketServer.class);

  private final @Nullable Path socket;
  private final IndexSettings settings;
  private final List<ServerBuilderCustomizer<NettyServerBuilder>> customizers;
  private final ExecutorService calls;

  SocketServer(
      IndexSettings settings,
      GrpcServiceDiscoverer services,
      GrpcServiceConfigurer configurer,
      List<ServerBuilderCustomizer<NettyServerBuilder>> customizers,
      ExecutorService calls) {
    super(services, configurer);
    this.socket = settings.socket();
    this.settings = settings;
    this.customizers = List.copyOf(customizers);
    this.calls = calls;
  }

  @Override
  public void start() {
    Path socket = this.socket;
    if (socket == null) {
      return;
    }
    if (!LocalSocket.works(socket)) {
      LOG.info("no Unix socket at {}: this machine has none, or the path is too long", socket);
      return;
    }
    try {
      Files.createDirectories(Objects.requireNonNull(socket.getParent()));
      // Whoever holds the data folder is the only one here; what lies there is of one that died.
      Files.deleteIfExists(socket);
      NettyServerBuilder builder =
          LocalSocket.server(socket)
              .executor(calls)
              .maxInboundMessageSize(Math.toIntExact(settings.maxMessage().toBytes()))
              .permitKeepAliveTime(10, TimeUnit.SECONDS);
      customizers.forEach(customizer -> customizer.customize(builder));
      serve(builder);
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot listen on Unix socket " + socket, e);
    }
  }

  @Override
  void closed() {
    try {
      Files.deleteIfExists(Objects.requireNonNull(socket));
    } catch (IOException e) {
      LOG.warn("Unix socket {} stays: {}", socket, e.toString());
    }
  }
}
