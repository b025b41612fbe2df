package io.ltri.inference.http;

import io.ltri.inference.engine.DocumentAttributes;
import io.ltri.inference.engine.DocumentChange;
import io.ltri.inference.engine.Documents;
import io.ltri.inference.engine.ReceivedFile;
import io.ltri.inference.engine.ReceivedTexts;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Documents as a resource. */
@RestController
@RequestMapping("/v1/documents")
class DocumentController {
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final long WAIT_MILLIS = 1_000;

  private final Documents documents;
  private final Readings readings;
  private final Uploads uploads;
  private final DocumentLists lists;
  private final DocumentJson json;
  private final DocumentTexts documentTexts;
  private final ReceivedTexts texts;
  private final Bodies bodies;
  private final HttpConfiguration.WatchedConnections connections;
  private final JsonMapper mapper;

  DocumentController(
      Documents documents,
      Readings readings,
      Uploads uploads,
      DocumentLists lists,
      DocumentJson json,
      DocumentTexts documentTexts,
      ReceivedTexts texts,
      Bodies bodies,
      HttpConfiguration.WatchedConnections connections,
      JsonMapper mapper) {
    this.documents = documents;
    this.readings = readings;
    this.uploads = uploads;
    this.lists = lists;
    this.json = json;
    this.documentTexts = documentTexts;
    this.texts = texts;
    this.bodies = bodies;
    this.connections = connections;
    this.mapper = mapper;
  }

  /** The document is being read when this answers, or is known already. */
  @PostMapping
  ResponseEntity<ObjectNode> create(HttpServletRequest request)
      throws IOException, ServletException {
    Reading reading = readings.begin(uploads.text(request, Tenants.of(request)));
    return ResponseEntity.status(HttpStatus.ACCEPTED).body(json.of(reading));
  }

  @GetMapping
  ObjectNode list(
      HttpServletRequest request,
      @RequestParam(defaultValue = "20") int limit,
      @RequestParam(defaultValue = "") String after,
      @RequestParam(defaultValue = "false") boolean all) {
    return lists.page(lists.all(request, all), limit, after);
  }

  @GetMapping("/{id}")
  ObjectNode get(@PathVariable String id, HttpServletRequest request) {
    return lists.get(id, request);
  }

  /** Progress until the document is ready, or is not going to be. */
  @GetMapping("/{id}/events")
  void events(@PathVariable String id, HttpServletRequest request, HttpServletResponse response) {
    EventStream events = new EventStream(response);
    Optional<Reading> found = lists.reading(id, request);
    if (found.isEmpty()) {
      events.event("ready", json.of(lists.document(id, request)).toString());
      return;
    }
    Reading reading = found.get();
    Connections watched = connections.get();
    Reading.Snapshot now = reading.now();
    while (!now.ended()) {
      events.event("progress", json.progress(now).toString());
      int version = now.version();
      do {
        if (watched.gone(request)) {
          return;
        }
        events.keepAlive();
        now = reading.after(version, WAIT_MILLIS);
      } while (!now.ended() && now.version() == version);
    }
    events.event(
        now.state() == Reading.State.READY ? "ready" : "failed", json.of(reading).toString());
  }

  /** The text of a range of tokens, in pieces. */
  @GetMapping("/{id}/text")
  ObjectNode text(
      @PathVariable String id,
      HttpServletRequest request,
      @RequestParam(defaultValue = "0") long from,
      @RequestParam(defaultValue = "-1") long to,
      @RequestParam(defaultValue = "" + DocumentTexts.PIECE_TOKENS) int run) {
    if (run < 1 || run > DocumentTexts.PIECE_TOKENS) {
      throw ApiException.wrongValue(
          "run", "'run' is " + run + ": it must be from 1 to " + DocumentTexts.PIECE_TOKENS + ".");
    }
    if (from < 0) {
      throw ApiException.wrongValue("from", "'from' is " + from + ": it must be 0 or more.");
    }
    return documentTexts.text(
        lists.document(id, request), from, to < 0 ? from + DocumentTexts.MOST_TOKENS : to, run);
  }

  @PatchMapping("/{id}")
  ObjectNode update(@PathVariable String id, HttpServletRequest request) {
    IndexedDocument document = lists.document(id, request);
    return json.of(documents.update(document.id(), change(bodies.read(request), document)));
  }

  private static DocumentChange change(Fields body, IndexedDocument document) {
    Set<String> added = Set.of();
    Set<String> removed = Set.of();
    if (body.has("labels")) {
      Set<String> wanted = new HashSet<>(body.strings("labels"));
      Set<String> had = Set.copyOf(DocumentAttributes.tags(document));
      added = new HashSet<>(wanted);
      added.removeAll(had);
      removed = new HashSet<>(had);
      removed.removeAll(wanted);
    }
    return new DocumentChange(
        body.optionalString("title").orElse(null),
        body.has("pinned") ? body.flag("pinned", false) : null,
        expireAfter(body),
        body.has("extend_with_use") ? body.flag("extend_with_use", false) : null,
        added,
        removed,
        body.flag("promote", false));
  }

  /** A moment, a time from now, or null for never. */
  private static @Nullable Duration expireAfter(Fields body) {
    if (body.has("expire_after")) {
      return Duration.ofSeconds(body.integer("expire_after", 0L, 0, Integer.MAX_VALUE));
    }
    if (body.has("expires")) {
      long at = body.integer("expires", 0L, 0, Long.MAX_VALUE / 1000);
      Duration after = Duration.between(Instant.now(), Instant.ofEpochSecond(at));
      if (!after.isPositive()) {
        throw ApiException.wrongValue("expires", "'expires' is " + at + ", which has passed.");
      }
      return after;
    }
    return body.node().has("expires") ? Duration.ZERO : null;
  }

  /** A reading that still goes on is ended. */
  @DeleteMapping("/{id}")
  ObjectNode delete(@PathVariable String id, HttpServletRequest request) {
    DocumentLists.Deleted deleted = lists.delete(id, request);
    return mapper
        .createObjectNode()
        .put("id", id)
        .put("object", "document.deleted")
        .put("deleted", true)
        .put("freed_bytes", deleted.freedBytes())
        .put("held_by_others", deleted.heldByOthers());
  }

  @PostMapping("/{id}/prewarm")
  ObjectNode prewarm(@PathVariable String id, HttpServletRequest request) {
    boolean blocks = bodies.optional(request).flag("blocks", false);
    long bytes = documents.prewarm(lists.document(id, request).id(), blocks);
    return mapper.createObjectNode().put("id", id).put("bytes", bytes);
  }

  @PostMapping("/{id}/verify")
  ObjectNode verify(@PathVariable String id, HttpServletRequest request) {
    long[] total = {0};
    List<String> faults =
        documents.verify(lists.document(id, request).id(), (bytes, all) -> total[0] = all);
    ObjectNode node = mapper.createObjectNode().put("id", id).put("sound", faults.isEmpty());
    node.put("bytes", total[0]);
    ArrayNode list = node.putArray("faults");
    faults.forEach(list::add);
    return node;
  }

  @GetMapping("/{id}/export")
  void export(@PathVariable String id, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    IndexedDocument document = lists.document(id, request);
    response.setContentType("application/octet-stream");
    // Handles are plain letters and digits.
    response.setHeader(
        "content-disposition", "attachment; filename=\"" + document.id() + ".ltri\"");
    documents.export(document.id(), response.getOutputStream());
  }

  /** An exported document, as the body or as a form's file. */
  @PostMapping("/import")
  ObjectNode importDocument(HttpServletRequest request) throws IOException, ServletException {
    String type = Bodies.mediaType(request.getContentType());
    if (!Uploads.isForm(request) && !type.equals("application/octet-stream")) {
      throw new ApiException(
          415,
          "unsupported_media_type",
          null,
          "The content type is '"
              + type
              + "': send the exported bytes as application/octet-stream.");
    }
    try (ReceivedFile file = texts.beginFile();
        InputStream in =
            Uploads.isForm(request)
                ? Optional.ofNullable(request.getPart("file"))
                    .orElseThrow(() -> ApiException.missing("file"))
                    .getInputStream()
                : request.getInputStream()) {
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        file.write(buffer, read);
      }
      return json.of(documents.importFrom(file, Tenants.of(request)));
    } catch (IndexException e) {
      if (e.reason() == IndexException.Reason.DAMAGED
          || e.reason() == IndexException.Reason.REFUSED) {
        // It is the caller's file that is wrong, and no document of this service.
        throw new ApiException(422, "file_unreadable", "file", String.valueOf(e.getMessage()));
      }
      throw e;
    }
  }
}
