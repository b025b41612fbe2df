package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.edge.access.Gate.Rule;
import io.ltri.inference.access.Methods;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/**
 * Calls every HTTP mapping that the web server has, by everybody.
 *
 * @param documents makes a document of the tenant {@code acme}, titled harbour; returns its id
 * @param exported the bytes of one
 */
record HttpRows(
    Supplier<URI> server,
    Supplier<String> documents,
    Supplier<byte[]> exported,
    String reader,
    String writer,
    String admin,
    String expired,
    String stranger) {

  private static final String JSON = "application/json";

  /** What is sent to one about a document, as body; null: none. */
  private static final Map<String, Function<String, String>> BODIES =
      Map.ofEntries(
          Map.entry(
              "POST /v1/chat/completions",
              id ->
                  "{\"document\":\"%s\",\"max_tokens\":2,\"messages\":[{\"role\":\"user\",\"content\":\"who?\"}]}"
                      .formatted(id)),
          Map.entry(
              "POST /v1/completions",
              id -> "{\"document\":\"%s\",\"max_tokens\":2,\"prompt\":\"who?\"}".formatted(id)),
          Map.entry("POST /v1/map", id -> "{\"document\":\"%s\",\"tokens\":16}".formatted(id)),
          Map.entry("POST /tokenize", id -> "{\"prompt\":\"who?\"}"),
          Map.entry("POST /v1/tokenize", id -> "{\"prompt\":\"who?\"}"),
          Map.entry("POST /detokenize", id -> "{\"tokens\":[5]}"),
          Map.entry("POST /v1/detokenize", id -> "{\"tokens\":[5]}"),
          Map.entry("POST /v1/documents", id -> "{\"title\":\"x\",\"text\":\"a lamp\"}"),
          Map.entry("PATCH /v1/documents/{id}", id -> "{\"title\":\"new\"}"),
          Map.entry("POST /v1/documents/{id}/prewarm", id -> "{}"),
          Map.entry("POST /v1/documents/{id}/verify", id -> "{}"));

  /** All mappings, as keys of the table. */
  static Set<String> keys(Collection<RequestMappingHandlerMapping> mappings) {
    Set<String> keys = new TreeSet<>();
    for (RequestMappingHandlerMapping mapping : mappings) {
      mapping
          .getHandlerMethods()
          .keySet()
          .forEach(
              info -> {
                for (String path : info.getPatternValues()) {
                  if (path.equals("/error")) {
                    continue; // Only what is forwarded within the server comes here.
                  }
                  for (RequestMethod method : info.getMethodsCondition().getMethods()) {
                    keys.add(method + " " + path);
                  }
                }
              });
    }
    return keys;
  }

  String table(Set<String> keys) {
    StringBuilder table = new StringBuilder();
    table.append("| inference service, HTTP | scope | no token | expired | scope below |");
    table.append(" wrong tenant | right |\n|---|---|---|---|---|---|---|\n");
    keys.forEach(key -> table.append(row(key)));
    return table.toString();
  }

  private String row(String key) {
    Rule rule = Methods.HTTP.get(key);
    assertThat(rule).as("the rule of %s", key).isNotNull();
    String id = documents.get();
    int refused = rule == Rule.ANYBODY ? 200 : 401;
    assertThat(send(key, id, null, "").status()).as(key).isEqualTo(refused);
    assertThat(send(key, id, expired, "").status()).as(key).isEqualTo(refused);
    String below =
        switch (rule) {
          case ANYBODY, READER -> "-";
          case WRITER -> forbidden(key, id, reader);
          case ADMIN -> forbidden(key, id, writer);
        };
    Http.Reply named = send(key, id, stranger, "acme");
    Http.Reply foreign = send(key, id, stranger, "");
    Http.Reply missing = send(key, "missing", stranger, "");
    String wrong;
    if (foreign.status() < 300) {
      assertThat(foreign.text()).as(key).doesNotContain(id);
      if (!key.endsWith("/import")) { // There the caller brings the title itself.
        assertThat(foreign.text()).as(key).doesNotContain("harbour");
      }
      wrong = foreign.status() + (rule == Rule.ANYBODY ? "" : ", nothing of the other's");
    } else {
      assertThat(foreign.status()).as("%s: %s", key, foreign.text()).isEqualTo(404);
      assertThat(foreign.text().replace(id, "missing")).as(key).isEqualTo(missing.text());
      wrong = "404, as one that is not there";
    }
    if (named.status() != foreign.status()) {
      assertThat(named.status()).as("%s: %s", key, named.text()).isEqualTo(403);
      wrong += "; 403 if it names the other";
    }
    String right =
        switch (rule) {
          case ANYBODY -> null;
          case READER -> reader;
          case WRITER -> writer;
          case ADMIN -> admin;
        };
    Http.Reply done = send(key, id, right, "");
    assertThat(done.status()).as("%s: %s", key, done.text()).isBetween(200, 299);
    return "| `%s` | %s | %d | %d | %s | %s | %d |%n"
        .formatted(
            key,
            rule == Rule.ANYBODY ? "none" : rule.name().toLowerCase(Locale.ROOT),
            refused,
            refused,
            below,
            wrong,
            done.status());
  }

  private String forbidden(String key, String id, String token) {
    Http.Reply reply = send(key, id, token, "");
    assertThat(reply.status()).as("%s: %s", key, reply.text()).isEqualTo(403);
    return "403";
  }

  private Http.Reply send(String key, String id, String token, String tenant) {
    Http http = new Http(server);
    String[] parts = key.split(" ", 2);
    String path = parts[1].replace("{id}", id);
    if (path.contains("{*name}")) {
      String model =
          http.send(authorized(http.request("/v1/models"), reader, "").build())
              .json()
              .path("data")
              .path(0)
              .path("id")
              .asString("");
      path = path.replace("{*name}", model);
    }
    HttpRequest.Builder request = authorized(http.request(path), token, tenant);
    switch (key) {
      case "POST /v1/documents/import" ->
          request
              .header("content-type", "application/octet-stream")
              .POST(BodyPublishers.ofByteArray(exported.get()));
      case "POST /v1/files" ->
          request
              .header("content-type", "multipart/form-data; boundary=cut")
              .POST(
                  BodyPublishers.ofString(
                      "--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.txt\"\r\n"
                          + "content-type: text/plain\r\n\r\na lamp\r\n--cut--\r\n"));
      default -> {
        Function<String, String> body = BODIES.get(key);
        if (body == null) {
          request.method(parts[0], BodyPublishers.noBody());
        } else {
          request
              .header("content-type", JSON)
              .method(parts[0], BodyPublishers.ofString(body.apply(id)));
        }
      }
    }
    return http.send(request.build());
  }

  private static HttpRequest.Builder authorized(
      HttpRequest.Builder request, String token, String tenant) {
    if (token != null) {
      request.header("authorization", "Bearer " + token);
    }
    if (!tenant.isEmpty()) {
      request.header("x-ltri-tenant", tenant);
    }
    return request;
  }
}
