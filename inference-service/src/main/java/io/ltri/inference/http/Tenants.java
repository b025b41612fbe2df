package io.ltri.inference.http;

import io.ltri.inference.access.Caller;
import io.ltri.inference.retrieval.IndexedDocument;
import jakarta.servlet.http.HttpServletRequest;

/** Who asks, and what they may see. */
final class Tenants {
  private static final String HEADER = "x-ltri-tenant";

  private Tenants() {}

  /** The tenant of a request; empty: nobody in particular. */
  static String of(HttpServletRequest request) {
    String named = request.getHeader(HEADER);
    return Caller.current().tenantFor(named == null ? "" : named.strip());
  }

  /** Whether the document is this caller's. */
  static boolean sees(HttpServletRequest request, IndexedDocument document) {
    return document.tenant().equals(of(request));
  }
}
