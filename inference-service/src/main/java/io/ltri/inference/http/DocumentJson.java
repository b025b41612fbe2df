package io.ltri.inference.http;

import io.ltri.inference.engine.DocumentAttributes;
import io.ltri.inference.retrieval.IndexedDocument;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Documents as JSON, read or on their way. */
@Component
final class DocumentJson {
  private final JsonMapper mapper;
  private final ApiErrors errors;

  DocumentJson(JsonMapper mapper, ApiErrors errors) {
    this.mapper = mapper;
    this.errors = errors;
  }

  ObjectNode of(IndexedDocument document) {
    DocumentAttributes attributes = DocumentAttributes.of(document);
    ObjectNode node = mapper.createObjectNode();
    node.put("id", document.id()).put("object", "document").put("title", attributes.title());
    node.put("state", document.life().faults().isEmpty() ? "ready" : "damaged");
    node.put("tokens", attributes.tokens()).put("read_tokens", attributes.tokens());
    node.put("size_bytes", document.sizeBytes()).put("text_bytes", attributes.textBytes());
    node.put("spans", document.spans());
    node.put("created", document.createdAtMillis() / 1000);
    seconds(node, "last_used", document.life().lastUsedAtMillis());
    seconds(node, "expires", document.life().expiresAtMillis());
    node.put("extend_with_use", document.life().extendByMillis() > 0);
    node.put("pinned", document.life().pinned());
    ArrayNode labels = node.putArray("labels");
    DocumentAttributes.tags(document).forEach(labels::add);
    node.put("tenant", document.tenant());
    node.put("pages", DocumentAttributes.pages(document));
    node.put("kind", attributes.kind());
    node.put("continues", document.parentId());
    node.put("policy", attributes.identity().getOrDefault("policy", ""));
    node.put("digest", attributes.digest());
    if (document.replicas() == 0) {
      node.putNull("replicas");
    } else {
      node.put("replicas", document.replicas());
    }
    node.put("text_kept", attributes.textKept());
    ArrayNode faults = node.putArray("faults");
    document.life().faults().forEach(faults::add);
    return node;
  }

  ObjectNode of(Reading reading) {
    Reading.Snapshot now = reading.now();
    if (now.document() != null) {
      return of(now.document());
    }
    ObjectNode node = mapper.createObjectNode();
    node.put("id", now.id()).put("object", "document").put("title", reading.title);
    node.put(
        "state",
        switch (now.state()) {
          case WAITING, READING -> "reading";
          case SEALING -> "sealing";
          case READY -> "ready";
          case FAILED -> "failed";
        });
    node.put("tokens", now.expectedTokens()).put("read_tokens", now.readTokens());
    node.put("size_bytes", 0).put("text_bytes", now.totalBytes());
    node.put("created", reading.createdMillis / 1000);
    node.putNull("expires").put("pinned", false).putArray("labels");
    node.put("tenant", reading.tenant).put("pages", reading.pages);
    if (now.failure() != null) {
      node.set("error", errors.body(errors.of(now.failure())).get("error"));
    }
    return node;
  }

  ObjectNode progress(Reading.Snapshot now) {
    return mapper
        .createObjectNode()
        .put("state", now.state() == Reading.State.SEALING ? "sealing" : "reading")
        .put("read_tokens", now.readTokens())
        .put("tokens", now.expectedTokens())
        .put("tokens_per_second", Math.round(10 * now.tokensPerSecond()) / 10.0);
  }

  /** As OpenAI's file. */
  ObjectNode file(ObjectNode document) {
    String state = document.path("state").asString("");
    ObjectNode node = mapper.createObjectNode();
    node.put("id", document.path("id").asString("")).put("object", "file");
    node.put("bytes", document.path("text_bytes").asLong(0));
    node.put("created_at", document.path("created").asLong(0));
    node.set("expires_at", document.path("expires"));
    node.put("filename", document.path("title").asString("")).put("purpose", "user_data");
    node.put(
        "status",
        switch (state) {
          case "ready" -> "processed";
          case "failed", "damaged" -> "error";
          default -> "uploaded";
        });
    return node;
  }

  private static void seconds(ObjectNode node, String name, long millis) {
    if (millis == 0) {
      node.putNull(name);
    } else {
      node.put(name, millis / 1000);
    }
  }
}
