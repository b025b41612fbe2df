package io.ltri.inference.http;

import jakarta.servlet.MultipartConfigElement;
import java.time.Duration;
import org.apache.catalina.connector.Connector;
import org.springframework.boot.tomcat.TomcatConnectorCustomizer;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.concurrent.SimpleAsyncTaskScheduler;

/** How the web server is put together. */
@Configuration(proxyBeanMethods = false)
class HttpConfiguration {
  /** Beyond this a part of a multipart request lies in a file while it is received. */
  private static final int MEMORY_BYTES = 64 * 1024;

  private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

  /** What of a multipart request is not the file. */
  private static final long FORM_BYTES = 64 * 1024;

  @Bean
  WatchedConnections watchedConnections(HttpLimits limits) {
    return new WatchedConnections(limits.patience());
  }

  @Bean
  SimpleAsyncTaskScheduler slowConnections(WatchedConnections watched) {
    SimpleAsyncTaskScheduler scheduler = new SimpleAsyncTaskScheduler();
    scheduler.setVirtualThreads(true);
    scheduler.setThreadNamePrefix("slow-connections-");
    scheduler.scheduleWithFixedDelay(() -> watched.get().closeSlow(), LOOK_INTERVAL);
    return scheduler;
  }

  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> watched(WatchedConnections watched) {
    return factory -> {
      factory.setProtocol(WatchedProtocol.class.getName());
      factory.addConnectorCustomizers(watched);
    };
  }

  @Bean
  MultipartConfigElement multipart(HttpLimits limits) {
    return new MultipartConfigElement(
        limits.folder().toString(),
        limits.maxUploadBytes(),
        limits.maxUploadBytes() + FORM_BYTES,
        MEMORY_BYTES);
  }

  /** The connections of the connector, once the web server has made it. */
  static final class WatchedConnections implements TomcatConnectorCustomizer {
    private final Duration patience;
    private volatile Connections connections = new Connections();

    WatchedConnections(Duration patience) {
      this.patience = patience;
    }

    @Override
    public void customize(Connector connector) {
      if (connector.getProtocolHandler() instanceof WatchedProtocol protocol) {
        protocol.patience(patience);
        connections = protocol.connections();
      }
    }

    Connections get() {
      return connections;
    }
  }
}
