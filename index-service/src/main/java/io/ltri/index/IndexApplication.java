package io.ltri.index;

import java.util.Map;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Import;

/** The index service. */
@SpringBootConfiguration
@EnableAutoConfiguration
@Import(IndexConfiguration.class)
public class IndexApplication {

  /**
   * What {@link #main} starts; for tests, to be run with other settings. Its settings file is
   * {@code index-service.yml}, so that it can share a class path with other services.
   */
  public static SpringApplicationBuilder builder() {
    return new SpringApplicationBuilder(IndexApplication.class)
        .bannerMode(Banner.Mode.OFF)
        .logStartupInfo(false)
        .initializers(new GrpcTls())
        .properties(
            Map.of(
                "spring.config.name", "index-service",
                "spring.main.web-application-type", "none",
                "spring.jmx.enabled", "false"));
  }

  /** Starts the service. */
  public static void main(String[] arguments) {
    var unused = start(builder(), arguments);
  }

  /** Starts a service; a start that fails ends the process, with one sentence and exit code 1. */
  public static ConfigurableApplicationContext start(
      SpringApplicationBuilder service, String... arguments) {
    try {
      return service.run(arguments);
    } catch (Exception e) {
      System.err.println("The index service did not start: " + StartFailure.sentence(e));
      System.exit(1);
      throw e;
    }
  }
}
