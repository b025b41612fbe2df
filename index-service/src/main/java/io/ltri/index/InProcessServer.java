package io.ltri.index;

import io.grpc.Server;
import io.grpc.inprocess.InProcessServerBuilder;
import io.ltri.edge.watch.Tracing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.grpc.server.service.GrpcServiceConfigurer;
import org.springframework.grpc.server.service.GrpcServiceDiscoverer;

/**
 * The same services for an inference service in this process: messages are handed over as they are,
 * and no network thread has to wake up for them. Without a name it does nothing.
 */
final class InProcessServer implements SmartLifecycle {

  private final String name;
  private final GrpcServiceDiscoverer services;
  private final GrpcServiceConfigurer configurer;
  private final Tracing tracing;
  private final ExecutorService calls;
  private @Nullable Server server;

  InProcessServer(
      String name,
      GrpcServiceDiscoverer services,
      GrpcServiceConfigurer configurer,
      Tracing tracing,
      ExecutorService calls) {
    this.name = name;
    this.services = services;
    this.configurer = configurer;
    this.tracing = tracing;
    this.calls = calls;
  }

  @Override
  public void start() {
    if (name.isEmpty()) {
      return;
    }
    InProcessServerBuilder builder = InProcessServerBuilder.forName(name).executor(calls);
    tracing.configure(builder);
    services.findServices().stream()
        .map(service -> configurer.configure(service, null))
        .forEach(builder::addService);
    try {
      server = builder.build().start();
    } catch (IOException e) {
      throw new UncheckedIOException("the name " + name + " is taken in this process", e);
    }
  }

  @Override
  public void stop() {
    Server running = server;
    if (running == null) {
      return;
    }
    server = null;
    running.shutdown();
    try {
      if (!running.awaitTermination(5, TimeUnit.SECONDS)) {
        running.shutdownNow();
      }
    } catch (InterruptedException e) {
      running.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public boolean isRunning() {
    return server != null;
  }
}
