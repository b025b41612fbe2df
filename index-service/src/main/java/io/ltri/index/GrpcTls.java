package io.ltri.index;

import java.util.HashMap;
import java.util.Map;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/** Lets gRPC's server speak TLS where a certificate is named. */
final class GrpcTls implements ApplicationContextInitializer<ConfigurableApplicationContext> {
  private static final String ACCESS = "ltri.index.access.";

  @Override
  public void initialize(ConfigurableApplicationContext context) {
    ConfigurableEnvironment environment = context.getEnvironment();
    if (environment.getProperty(ACCESS + "certificate", "").isEmpty()) {
      return;
    }
    Map<String, Object> properties = new HashMap<>();
    properties.put("spring.grpc.server.ssl.bundle", "ltri-grpc");
    if (!environment.getProperty(ACCESS + "client-authorities", "").isEmpty()) {
      properties.put("spring.grpc.server.ssl.client-auth", "require");
    }
    environment.getPropertySources().addFirst(new MapPropertySource("grpc-tls", properties));
  }
}
