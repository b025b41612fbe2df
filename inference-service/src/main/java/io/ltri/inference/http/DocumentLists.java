package io.ltri.inference.http;

import io.ltri.inference.engine.Documents;
import io.ltri.inference.retrieval.IndexedDocument;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The documents that a caller may see, with those that are being read for it. */
@Component
final class DocumentLists {
  private static final int MOST = 1000;

  private final Documents documents;
  private final Readings readings;
  private final DocumentJson json;
  private final JsonMapper mapper;

  DocumentLists(Documents documents, Readings readings, DocumentJson json, JsonMapper mapper) {
    this.documents = documents;
    this.readings = readings;
    this.json = json;
    this.mapper = mapper;
  }

  /**
   * Newest first.
   *
   * @param withConversations also kept conversations, and documents that are damaged beyond use
   */
  List<ObjectNode> all(HttpServletRequest request, boolean withConversations) {
    List<ObjectNode> list = new ArrayList<>();
    for (Reading reading : readings.running(Tenants.of(request))) {
      list.add(json.of(reading));
    }
    for (IndexedDocument document : withConversations ? documents.listAll() : documents.list()) {
      if (Tenants.sees(request, document)) {
        list.add(json.of(document));
      }
    }
    return list;
  }

  /**
   * @throws io.ltri.inference.engine.RequestException if there is none that the caller sees
   */
  IndexedDocument document(String id, HttpServletRequest request) {
    IndexedDocument document = documents.get(id);
    if (!Tenants.sees(request, document)) {
      throw Documents.unknown(id);
    }
    return document;
  }

  /** The caller's reading that makes a document, or did not. */
  Optional<Reading> reading(String id, HttpServletRequest request) {
    return readings.find(id).filter(reading -> reading.tenant.equals(Tenants.of(request)));
  }

  /** A document, or the reading that makes it. */
  ObjectNode get(String id, HttpServletRequest request) {
    Optional<Reading> reading = reading(id, request);
    return reading.isPresent() ? json.of(reading.get()) : json.of(document(id, request));
  }

  /**
   * @param heldByOthers its files stay until the documents that continue it are deleted
   */
  record Deleted(long freedBytes, boolean heldByOthers) {}

  /** Deletes a document, or ends the reading that makes it. */
  Deleted delete(String id, HttpServletRequest request) {
    Optional<Reading> reading = reading(id, request);
    if (reading.isEmpty()) {
      long freed = documents.delete(document(id, request).id());
      // Every document has files: none are freed only where others stand on it.
      return new Deleted(freed, freed == 0);
    }
    reading.get().cancel();
    readings.dropFailed(id);
    return new Deleted(0, false);
  }

  /**
   * @param after id of the last one of the page before; empty: the first page
   */
  ObjectNode page(List<ObjectNode> all, int limit, String after) {
    if (limit < 1 || limit > MOST) {
      throw ApiException.wrongValue(
          "limit", "'limit' is " + limit + ": it must be from 1 to " + MOST + ".");
    }
    int first = 0;
    if (!after.isEmpty()) {
      first = all.size();
      for (int i = 0; i < all.size(); i++) {
        if (id(all.get(i)).equals(after)) {
          first = i + 1;
        }
      }
      if (first == all.size() && (all.isEmpty() || !id(all.getLast()).equals(after))) {
        throw ApiException.wrongValue(
            "after", "'after' is '" + after + "', which is not in the list: begin without it.");
      }
    }
    int end = Math.min(all.size(), first + limit);
    ObjectNode page = mapper.createObjectNode().put("object", "list");
    ArrayNode data = page.putArray("data");
    all.subList(first, end).forEach(data::add);
    page.put("first_id", first < end ? id(all.get(first)) : null);
    page.put("last_id", first < end ? id(all.get(end - 1)) : null);
    page.put("has_more", end < all.size());
    return page;
  }

  private static String id(ObjectNode node) {
    return node.path("id").asString("");
  }
}
