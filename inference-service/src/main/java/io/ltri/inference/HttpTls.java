package io.ltri.inference;

import java.util.HashMap;
import java.util.Map;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Gives the web server the certificate that gRPC has, as an SSL bundle that is read again when its
 * files change. A certificate of the client is asked for where gRPC asks for one.
 */
final class HttpTls implements ApplicationContextInitializer<ConfigurableApplicationContext> {
  private static final String ACCESS = "ltri.inference.access.";
  private static final String BUNDLE = "spring.ssl.bundle.pem.ltri.";

  @Override
  public void initialize(ConfigurableApplicationContext context) {
    ConfigurableEnvironment environment = context.getEnvironment();
    String certificate = environment.getProperty(ACCESS + "certificate", "");
    String key = environment.getProperty(ACCESS + "key", "");
    if (certificate.isEmpty() || key.isEmpty()) {
      return;
    }
    Map<String, Object> properties = new HashMap<>();
    properties.put(BUNDLE + "reload-on-update", "true");
    properties.put(BUNDLE + "keystore.certificate", "file:" + certificate);
    properties.put(BUNDLE + "keystore.private-key", "file:" + key);
    String authorities = environment.getProperty(ACCESS + "client-authorities", "");
    if (!authorities.isEmpty()) {
      properties.put(BUNDLE + "truststore.certificate", "file:" + authorities);
      properties.put("server.ssl.client-auth", "need");
      properties.put("spring.grpc.server.ssl.client-auth", "require");
    }
    properties.put("spring.ssl.bundle.watch.file.quiet-period", "1s");
    properties.put("server.ssl.bundle", "ltri");
    properties.put("spring.grpc.server.ssl.bundle", "ltri-grpc");
    properties.put("server.ssl.enabled-protocols", "TLSv1.3,TLSv1.2");
    environment.getPropertySources().addFirst(new MapPropertySource("http-tls", properties));
  }
}
