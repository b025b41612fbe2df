package io.ltri.index;

import io.grpc.inprocess.InProcessServerBuilder;
import io.ltri.edge.watch.Tracing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.ExecutorService;
import org.springframework.grpc.server.service.GrpcServiceConfigurer;
import org.springframework.grpc.server.service.GrpcServiceDiscoverer;

/**
 * For an inference service in this process: messages are handed over as they are, and no network
 * thread has to wake up for them. Without a name it does nothing.
 */
final class InProcessServer extends ServerBeside {

  private final String name;
  private final Tracing tracing;
  private final ExecutorService calls;

  InProcessServer(
      String name,
      GrpcServiceDiscoverer services,
      GrpcServiceConfigurer configurer,
      Tracing tracing,
      ExecutorService calls) {
    super(services, configurer);
    this.name = name;
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
    try {
      serve(builder);
    } catch (IOException e) {
      throw new UncheckedIOException("the name " + name + " is taken in this process", e);
    }
  }
}
