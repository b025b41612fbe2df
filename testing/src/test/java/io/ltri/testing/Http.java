package io.ltri.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Requests over HTTP, as a client without a library makes them. */
final class Http {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final String BOUNDARY = "a-boundary-of-parts";

  /** An answer, whatever its status. */
  record Reply(int status, String type, byte[] body) {
    JsonNode json() {
      return JsonMapper.shared().readTree(body);
    }

    String text() {
      return new String(body, StandardCharsets.UTF_8);
    }

    String errorCode() {
      return json().path("error").path("code").asString("");
    }

    String errorParam() {
      return json().path("error").path("param").asString("");
    }

    /** The data of its events, without the end mark. */
    List<JsonNode> events() {
      List<JsonNode> events = new ArrayList<>();
      for (String line : text().split("\n", -1)) {
        if (line.startsWith("data: ") && !line.equals("data: [DONE]")) {
          events.add(JsonMapper.shared().readTree(line.substring(6)));
        }
      }
      return events;
    }
  }

  private final Supplier<URI> server;

  Http(Supplier<URI> server) {
    this.server = server;
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(server.get() + path)).timeout(Duration.ofSeconds(60));
  }

  Reply get(String path) {
    return send(request(path).build());
  }

  Reply delete(String path) {
    return send(request(path).DELETE().build());
  }

  Reply post(String path, String json) {
    return send(json(path, "POST", json));
  }

  Reply patch(String path, String json) {
    return send(json(path, "PATCH", json));
  }

  HttpRequest json(String path, String method, String json) {
    return request(path)
        .header("content-type", "application/json")
        .method(method, HttpRequest.BodyPublishers.ofString(json))
        .build();
  }

  Reply upload(String path, String name, String type, byte[] file, String... fields) {
    StringBuilder head = new StringBuilder();
    for (int i = 0; i < fields.length; i += 2) {
      head.append("--" + BOUNDARY + "\r\ncontent-disposition: form-data; name=\"")
          .append(fields[i])
          .append("\"\r\n\r\n")
          .append(fields[i + 1])
          .append("\r\n");
    }
    head.append("--" + BOUNDARY + "\r\ncontent-disposition: form-data; name=\"file\"; filename=\"")
        .append(name)
        .append("\"\r\ncontent-type: ")
        .append(type)
        .append("\r\n\r\n");
    return send(
        request(path)
            .header("content-type", "multipart/form-data; boundary=" + BOUNDARY)
            .POST(
                HttpRequest.BodyPublishers.concat(
                    HttpRequest.BodyPublishers.ofString(head.toString()),
                    HttpRequest.BodyPublishers.ofByteArray(file),
                    HttpRequest.BodyPublishers.ofString("\r\n--" + BOUNDARY + "--\r\n")))
            .build());
  }

  Reply send(HttpRequest request) {
    try {
      HttpResponse<byte[]> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofByteArray());
      return new Reply(
          response.statusCode(),
          response.headers().firstValue("content-type").orElse(""),
          response.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reads a document and waits until it is ready. */
  JsonNode document(String title, String text) {
    Reply created =
        post(
            "/v1/documents",
            JsonMapper.shared()
                .createObjectNode()
                .put("title", title)
                .put("text", text)
                .toString());
    if (created.status() != 202) {
      throw new IllegalStateException(created.text());
    }
    return ready(created.json().path("id").asString(""));
  }

  /** Waits for the end of a reading. */
  JsonNode ready(String id) {
    List<JsonNode> events = get("/v1/documents/" + id + "/events").events();
    return events.getLast();
  }
}
