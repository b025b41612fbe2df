package io.ltri.inference.http;

import io.ltri.edge.watch.Management;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Optional;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** What is told at the port of metrics, told here too. */
@RestController
class WatchController {
  private final Management management;
  private final PrometheusMeterRegistry registry;

  WatchController(Management management, PrometheusMeterRegistry registry) {
    this.management = management;
    this.registry = registry;
  }

  @GetMapping(path = "/metrics", produces = MediaType.TEXT_PLAIN_VALUE)
  String metrics() {
    return registry.scrape();
  }

  @GetMapping(path = "/livez", produces = MediaType.TEXT_PLAIN_VALUE)
  String alive() {
    return "alive\n";
  }

  @GetMapping(path = "/readyz", produces = MediaType.TEXT_PLAIN_VALUE)
  ResponseEntity<String> ready() {
    Optional<String> problem = management.readiness().problem();
    return ResponseEntity.status(problem.isEmpty() ? 200 : 503)
        .body(problem.orElse("ready") + "\n");
  }
}
