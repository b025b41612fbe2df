package io.ltri.inference.http;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Keeps web pages of others from using a browser on this machine against the service: a request
 * that a foreign page makes names that page as its origin, and one to a name that was made to point
 * here names that name as its host.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 50)
class BrowserGuard extends OncePerRequestFilter {
  private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]");

  private final HttpLimits limits;
  private final ApiErrors errors;

  BrowserGuard(HttpLimits limits, ApiErrors errors) {
    this.limits = limits;
    this.errors = errors;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String host = lower(request.getHeader("host"));
    String origin = lower(request.getHeader("origin"));
    if (limits.loopback() && !THIS_MACHINE.contains(name(host)) && !allowed(host)) {
      refuse(response, "foreign_host", "host", host);
    } else if (!origin.isEmpty()
        && !origin.substring(origin.lastIndexOf('/') + 1).equals(host)
        && !allowed(origin.substring(origin.lastIndexOf('/') + 1))) {
      refuse(response, "foreign_origin", "origin", origin);
    } else {
      chain.doFilter(request, response);
    }
  }

  private void refuse(HttpServletResponse response, String code, String header, String value)
      throws IOException {
    errors.write(
        response,
        new ApiException(
            403,
            code,
            null,
            "The request's "
                + header
                + " is '"
                + value
                + "', under which this service is not known: name it in LTRI_INFERENCE_HTTP_ALLOWEDHOSTS if it should be."));
  }

  private boolean allowed(String host) {
    return limits.allowedHosts().contains(name(host)) || limits.allowedHosts().contains(host);
  }

  /** Without the port. */
  private static String name(String host) {
    int colon = host.lastIndexOf(':');
    return colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
  }

  private static String lower(@Nullable String header) {
    return header == null ? "" : header.strip().toLowerCase(Locale.ROOT);
  }
}
