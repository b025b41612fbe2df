package io.ltri.inference.http;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.observation.DefaultMeterObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.web.filter.ServerHttpObservationFilter;

/**
 * Counts and times requests over HTTP, {@code http.server.requests}, by method, address as a
 * pattern, status and outcome: before whoever may refuse them.
 */
@Configuration(proxyBeanMethods = false)
class HttpMeters {
  /** No bean of its own: with one in the context, gRPC's calls would be measured twice. */
  private static ObservationRegistry observations(MeterRegistry registry) {
    ObservationRegistry observations = ObservationRegistry.create();
    observations
        .observationConfig()
        .observationHandler(new DefaultMeterObservationHandler(registry));
    return observations;
  }

  @Bean
  FilterRegistrationBean<ServerHttpObservationFilter> requestMeters(
      PrometheusMeterRegistry registry) {
    FilterRegistrationBean<ServerHttpObservationFilter> filter =
        new FilterRegistrationBean<>(new ServerHttpObservationFilter(observations(registry)));
    filter.setOrder(Ordered.HIGHEST_PRECEDENCE);
    return filter;
  }

  /** A request that is refused never reaches the one who knows its address as a pattern. */
  static void address(HttpServletRequest request, String pattern) {
    ServerHttpObservationFilter.findObservationContext(request)
        .ifPresent(context -> context.setPathPattern(pattern));
  }
}
