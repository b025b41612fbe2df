package io.ltri.inference.http;

import io.grpc.Context;
import io.ltri.edge.access.Gate;
import io.ltri.edge.watch.RequestIds;
import io.ltri.inference.access.AccessException;
import io.ltri.inference.access.Caller;
import io.ltri.inference.access.Methods;
import io.ltri.inference.access.TenantLimits;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.server.PathContainer;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

/**
 * Lets requests in as the {@link Gate} says, before anything of their body is read; the thread that
 * serves one knows its caller and its id.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 100)
class AccessFilter extends OncePerRequestFilter {

  private record Entry(String method, PathPattern path, String key) {}

  private final Gate gate;
  private final TenantLimits limits;
  private final ApiErrors errors;
  private final List<Entry> table;

  AccessFilter(Gate gate, TenantLimits limits, ApiErrors errors) {
    this.gate = gate;
    this.limits = limits;
    this.errors = errors;
    this.table =
        Methods.HTTP.keySet().stream()
            .filter(key -> !key.equals(Methods.UNKNOWN_ADDRESS))
            .map(
                key -> {
                  String[] parts = key.split(" ", 2);
                  return new Entry(
                      parts[0], PathPatternParser.defaultInstance.parse(parts[1]), key);
                })
            .sorted(
                (one, other) ->
                    PathPattern.SPECIFICITY_COMPARATOR.compare(one.path(), other.path()))
            .toList();
  }

  /** The key of the table for a request; an address that is not in it has none. */
  private String key(HttpServletRequest request) {
    String method = request.getMethod().equals("HEAD") ? "GET" : request.getMethod();
    PathContainer path = PathContainer.parsePath(request.getRequestURI());
    for (Entry entry : table) {
      if (entry.method().equals(method) && entry.path().matches(path)) {
        return entry.key();
      }
    }
    return Methods.UNKNOWN_ADDRESS;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String id = RequestIds.idFor(request.getHeader(RequestIds.HEADER));
    response.setHeader(RequestIds.HEADER, id);
    String authorization = request.getHeader("authorization");
    String key = key(request);
    if (!key.equals(Methods.UNKNOWN_ADDRESS)) {
      HttpMeters.address(request, key.substring(key.indexOf(' ') + 1));
    }
    switch (gate.decide(key, authorization)) {
      case Gate.Decision.NoCredential no -> {
        response.setHeader("www-authenticate", "Bearer");
        errors.write(response, new ApiException(401, "invalid_api_key", null, no.message()));
      }
      case Gate.Decision.NotAllowed no ->
          errors.write(response, new ApiException(403, "not_allowed", null, no.message()));
      case Gate.Decision.Allowed allowed ->
          let(Caller.of(allowed.grant()), id, request, response, chain);
    }
  }

  private void let(
      Caller caller,
      String id,
      HttpServletRequest request,
      HttpServletResponse response,
      FilterChain chain)
      throws ServletException, IOException {
    TenantLimits.@Nullable Permit permit;
    try {
      permit = caller.scopes().isEmpty() ? null : limits.take(caller);
    } catch (AccessException e) {
      response.setHeader("retry-after", "1");
      errors.write(response, errors.of(e));
      return;
    }
    request.setAttribute(Caller.ATTRIBUTE, caller);
    Context context = Context.current().withValues(Caller.KEY, caller, RequestIds.KEY, id);
    Context before = context.attach();
    MDC.put(RequestIds.MDC_KEY, id);
    try {
      chain.doFilter(request, response);
    } finally {
      MDC.remove(RequestIds.MDC_KEY);
      context.detach(before);
      if (permit != null) {
        permit.close();
      }
    }
  }
}
