package io.ltri.inference.http;

import io.ltri.inference.engine.LayerMaps;
import io.ltri.inference.engine.LayerWatch;
import io.ltri.inference.retrieval.IndexedDocument;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Maps of what one layer attends to over a piece of a document or text. */
@RestController
class MapController {
  private static final int MOST_TEXT = 100_000;

  private final LayerMaps maps;
  private final DocumentLists lists;
  private final HttpConfiguration.WatchedConnections connections;
  private final Bodies bodies;
  private final JsonMapper mapper;

  MapController(
      LayerMaps maps,
      DocumentLists lists,
      HttpConfiguration.WatchedConnections connections,
      Bodies bodies,
      JsonMapper mapper) {
    this.maps = maps;
    this.lists = lists;
    this.connections = connections;
    this.bodies = bodies;
    this.mapper = mapper;
  }

  /**
   * Body: {@code document} (a handle) or {@code text}, {@code layer}, {@code from} (a token) and
   * {@code tokens} (of the piece).
   */
  @PostMapping("/v1/map")
  ObjectNode map(HttpServletRequest request) {
    Fields body = bodies.read(request);
    int layer = body.integer("layer", 0, 0, Integer.MAX_VALUE);
    int from = body.integer("from", 0, 0, Integer.MAX_VALUE);
    int tokens = body.integer("tokens", 160, 1, LayerMaps.MOST_TOKENS);
    BooleanSupplier gone = () -> connections.get().gone(request);
    if (body.has("document")) {
      IndexedDocument document = lists.document(body.requiredString("document"), request);
      return json(maps.of(document, layer, from, tokens, gone));
    }
    String text = body.requiredString("text");
    if (text.length() > MOST_TEXT) {
      throw ApiException.wrongValue(
          "text",
          "'text' has %d characters, and at most %d are drawn: make a document of it."
              .formatted(text.length(), MOST_TEXT));
    }
    return json(maps.of(text, layer, from, tokens, gone));
  }

  private ObjectNode json(LayerMaps.LayerMap map) {
    ObjectNode node = mapper.createObjectNode().put("object", "map");
    node.put("layer", map.layer()).put("layers", map.layers()).put("from", map.from());
    node.put("first_column", map.firstColumn()).put("width", map.width());
    ArrayNode band = node.putArray("band");
    for (List<Double> row : map.band()) {
      ArrayNode cells = band.addArray();
      row.forEach(cells::add);
    }
    ArrayNode tokens = node.putArray("tokens");
    map.tokens().forEach(tokens::add);
    ArrayNode spans = node.putArray("spans");
    for (LayerWatch.Span span : map.spans()) {
      spans
          .addObject()
          .put("start", span.start())
          .put("end", span.end())
          .put("score", span.score())
          .put("confidence", span.confidence());
    }
    return node;
  }
}
