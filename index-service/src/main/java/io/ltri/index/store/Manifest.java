package io.ltri.index.store;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * {@code manifest.json} of a sealed document: written last, so that its presence means that all the
 * rest is there.
 *
 * @param files every other file of the document, by its name within the document's folder
 */
record Manifest(
    String id,
    DocumentLayout layout,
    Map<String, String> attributes,
    long createdAtMillis,
    long sealedAtMillis,
    SearchMode searchMode,
    int layersPerFile,
    List<LayerCounts> layers,
    List<FileEntry> files,
    Origin origin) {

  static final String FILE = "manifest.json";

  private static final int FORMAT_VERSION = 1;

  private static final Gson COMPACT = new GsonBuilder().disableHtmlEscaping().create();
  private static final Gson PRETTY =
      new GsonBuilder().disableHtmlEscaping().setPrettyPrinting().create();

  /** What a layer holds. */
  record LayerCounts(int spans, int vectors, long tokens) {}

  /**
   * @param checksum CRC-32C of the whole file; null where the file carries checksums of its parts
   */
  record FileEntry(String name, long bytes, @Nullable Integer checksum) {}

  DocumentSummary summary() {
    long tokens = 0;
    long spans = 0;
    long vectors = 0;
    for (LayerCounts layer : layers) {
      tokens = Math.max(tokens, layer.tokens);
      spans += layer.spans;
      vectors += layer.vectors;
    }
    return new DocumentSummary(
        id,
        DocumentState.READY,
        layout,
        attributes,
        createdAtMillis,
        sealedAtMillis,
        tokens,
        spans,
        vectors,
        files.stream().mapToLong(FileEntry::bytes).sum(),
        searchMode,
        origin,
        0);
  }

  FileEntry file(String name) {
    return files.stream()
        .filter(file -> file.name.equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new DataLossException(
                    "document %s: %s does not list the file %s".formatted(id, FILE, name)));
  }

  byte[] toJson() {
    JsonObject shape = new JsonObject();
    shape.addProperty("layers", layout.layers());
    shape.addProperty("query_heads", layout.queryHeads());
    shape.addProperty("kv_heads", layout.kvHeads());
    shape.addProperty("head_dim", layout.headDim());
    shape.addProperty("storage_type", layout.storageType().name());
    shape.addProperty("score_scale", layout.scoreScale());

    JsonObject document = new JsonObject();
    document.addProperty("format_version", FORMAT_VERSION);
    document.addProperty("id", id);
    document.add("layout", shape);
    document.add("attributes", COMPACT.toJsonTree(new TreeMap<>(attributes)));
    document.addProperty("created_at_millis", createdAtMillis);
    document.addProperty("sealed_at_millis", sealedAtMillis);
    document.addProperty("search_mode", searchMode.name());
    document.addProperty("layers_per_file", layersPerFile);
    document.addProperty("tenant", origin.tenant());
    document.addProperty("parent_id", origin.parentId());
    JsonArray counts = new JsonArray();
    for (LayerCounts layer : layers) {
      JsonObject entry = new JsonObject();
      entry.addProperty("spans", layer.spans);
      entry.addProperty("vectors", layer.vectors);
      entry.addProperty("tokens", layer.tokens);
      counts.add(entry);
    }
    document.add("layers", counts);
    JsonArray list = new JsonArray();
    for (FileEntry file : files) {
      JsonObject entry = new JsonObject();
      entry.addProperty("name", file.name);
      entry.addProperty("bytes", file.bytes);
      if (file.checksum != null) {
        entry.addProperty("crc32c", hex(file.checksum));
      }
      list.add(entry);
    }
    document.add("files", list);

    JsonObject whole = new JsonObject();
    whole.add("document", document);
    whole.addProperty("crc32c", hex(checksum(document)));
    return PRETTY.toJson(whole).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * @param path for messages
   */
  static Manifest fromJson(byte[] json, String id, Path path) {
    try {
      JsonObject whole =
          JsonParser.parseString(new String(json, StandardCharsets.UTF_8)).getAsJsonObject();
      JsonObject document = whole.getAsJsonObject("document");
      if (document == null
          || !hex(checksum(document)).equals(whole.getAsJsonPrimitive("crc32c").getAsString())) {
        throw new DataLossException(
            "document %s: the checksum of %s does not match: the file was changed or damaged"
                .formatted(id, path));
      }
      int version = document.get("format_version").getAsInt();
      if (version != FORMAT_VERSION) {
        throw new DataLossException(
            "document %s: %s has format version %d; this service reads version %d"
                .formatted(id, path, version, FORMAT_VERSION));
      }
      JsonObject shape = document.getAsJsonObject("layout");
      DocumentLayout layout =
          new DocumentLayout(
              shape.get("layers").getAsInt(),
              shape.get("query_heads").getAsInt(),
              shape.get("kv_heads").getAsInt(),
              shape.get("head_dim").getAsInt(),
              StorageType.valueOf(shape.get("storage_type").getAsString()),
              shape.get("score_scale").getAsFloat());
      Map<String, String> attributes = new LinkedHashMap<>();
      document
          .getAsJsonObject("attributes")
          .entrySet()
          .forEach(entry -> attributes.put(entry.getKey(), entry.getValue().getAsString()));
      List<LayerCounts> layers = new ArrayList<>();
      for (JsonElement element : document.getAsJsonArray("layers")) {
        JsonObject entry = element.getAsJsonObject();
        layers.add(
            new LayerCounts(
                entry.get("spans").getAsInt(),
                entry.get("vectors").getAsInt(),
                entry.get("tokens").getAsLong()));
      }
      List<FileEntry> files = new ArrayList<>();
      for (JsonElement element : document.getAsJsonArray("files")) {
        JsonObject entry = element.getAsJsonObject();
        JsonElement crc = entry.get("crc32c");
        files.add(
            new FileEntry(
                entry.get("name").getAsString(),
                entry.get("bytes").getAsLong(),
                crc == null ? null : Integer.parseUnsignedInt(crc.getAsString(), 16)));
      }
      return new Manifest(
          document.get("id").getAsString(),
          layout,
          Map.copyOf(attributes),
          document.get("created_at_millis").getAsLong(),
          document.get("sealed_at_millis").getAsLong(),
          SearchMode.valueOf(document.get("search_mode").getAsString()),
          document.get("layers_per_file").getAsInt(),
          List.copyOf(layers),
          List.copyOf(files),
          new Origin(
              document.get("tenant").getAsString(), document.get("parent_id").getAsString()));
    } catch (JsonParseException
        | IllegalStateException
        | IllegalArgumentException
        | NullPointerException
        | ClassCastException e) {
      throw new DataLossException("document %s: %s can not be read".formatted(id, path), e);
    }
  }

  private static int checksum(JsonObject document) {
    CRC32C checksum = new CRC32C();
    checksum.update(COMPACT.toJson(document).getBytes(StandardCharsets.UTF_8));
    return (int) checksum.getValue();
  }

  static String hex(int checksum) {
    return "%08x".formatted(checksum);
  }
}
