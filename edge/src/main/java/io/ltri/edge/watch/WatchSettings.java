package io.ltri.edge.watch;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * How a service can be watched; the same for both, under {@code watch} of each.
 *
 * @param host where figures and readiness are told; null: loopback
 * @param port null: the one after the service's, or any free one where that one is; -1: nowhere
 * @param traces URL of an OTLP collector (HTTP), as {@code http://localhost:4318/v1/traces}; null:
 *     no traces
 * @param traceShare of the requests that are traced which do not come with a trace; null: all
 */
public record WatchSettings(
    @Nullable InetAddress host,
    @Nullable Integer port,
    @Nullable String traces,
    @Nullable Double traceShare) {

  public WatchSettings {
    if (port != null && (port < -1 || port > 65_535)) {
      throw new IllegalArgumentException("watch.port must be -1 to 65535, not " + port);
    }
    if (traceShare != null && !(traceShare >= 0 && traceShare <= 1)) {
      throw new IllegalArgumentException("watch.trace-share must be 0 to 1, not " + traceShare);
    }
  }

  public InetAddress hostOrLoopback() {
    return host == null ? InetAddress.getLoopbackAddress() : host;
  }

  public boolean isOn() {
    return port == null || port >= 0;
  }

  /**
   * @param servicePort where the service itself listens; 0: any free port
   */
  public int portBeside(int servicePort) {
    if (port != null) {
      return port;
    }
    return servicePort == 0 || servicePort == 65_535 ? 0 : servicePort + 1;
  }
}
