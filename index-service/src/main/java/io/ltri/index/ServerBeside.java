package io.ltri.index;

import io.grpc.Server;
import io.grpc.ServerBuilder;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.grpc.server.service.GrpcServiceConfigurer;
import org.springframework.grpc.server.service.GrpcServiceDiscoverer;

/** The same services as on the port, reached in another way. */
abstract class ServerBeside implements SmartLifecycle {

  private static final long PATIENCE_SECONDS = 5;

  private final GrpcServiceDiscoverer services;
  private final GrpcServiceConfigurer configurer;
  private @Nullable Server server;

  ServerBeside(GrpcServiceDiscoverer services, GrpcServiceConfigurer configurer) {
    this.services = services;
    this.configurer = configurer;
  }

  /** Called once the server has ended. */
  void closed() {}

  /** To be called by {@link #start}, unless this way is not wanted. */
  final void serve(ServerBuilder<?> builder) throws IOException {
    services.findServices().stream()
        .map(service -> configurer.configure(service, null))
        .forEach(builder::addService);
    server = builder.build().start();
  }

  @Override
  public final void stop() {
    Server running = server;
    if (running == null) {
      return;
    }
    server = null;
    running.shutdown();
    try {
      if (!running.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        running.shutdownNow();
      }
      closed();
    } catch (InterruptedException e) {
      running.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public final boolean isRunning() {
    return server != null;
  }
}
