package io.ltri.index.store;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.ltri.index.cipher.Encryption;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * {@code manifest.json} of a sealed document: written last, so that its presence means that all the
 * rest is there.
 *
 * <p>The first line is {@code {"crc32c":"hhhhhhhh","document":}, the last {@code }}; what lies
 * between them is a JSON object and what the checksum covers, byte by byte.
 *
 * @param files every other file of the document, by its name within the document's folder
 * @param boundaries where others may begin, in order
 * @param encryption of those files; null: none
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
    List<Boundary> boundaries,
    Origin origin,
    @Nullable Encryption encryption) {

  static final String FILE = "manifest.json";
  static final String UNFINISHED = FILE + ".new";

  private static final int FORMAT_VERSION = 2;

  /** Of documents that are encrypted, so that a version that knows nothing of that refuses them. */
  private static final int ENCRYPTED_VERSION = 3;

  /**
   * Of documents with boundaries, or that go on behind one, encrypted or not: a version that knows
   * nothing of these would search too much.
   */
  private static final int BOUNDARIES_VERSION = 4;

  /** Of all files: more than any disk holds, and little enough that sums do not overflow. */
  private static final long MOST_BYTES = 1L << 60;

  /** Lucene names its files so. */
  private static final Pattern VECTOR_FILE =
      Pattern.compile(VectorFolder.FOLDER + "/[A-Za-z0-9_]{1,64}(\\.[A-Za-z0-9]{1,16})?");

  private static final String FIRST_LINE = "{\"crc32c\":\"%08x\",\"document\":\n";
  private static final int FIRST_LINE_BYTES = FIRST_LINE.formatted(0).length();
  private static final String LAST_LINE = "\n}\n";

  private static final Gson GSON =
      new GsonBuilder().disableHtmlEscaping().setPrettyPrinting().create();

  /** What a layer holds. */
  record LayerCounts(int spans, int vectors, long tokens) {}

  /**
   * @param checksum CRC-32C of the whole file
   * @param sha256 of the whole file, in hexadecimal digits
   */
  record FileEntry(String name, long bytes, int checksum, String sha256) {}

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
        bytes(),
        searchMode,
        origin,
        0,
        boundaries.stream().map(Boundary::tokens).toList());
  }

  /**
   * @throws WrongStateException when none was recorded there
   */
  Boundary boundary(long tokens) {
    return boundaries.stream()
        .filter(boundary -> boundary.tokens() == tokens)
        .findFirst()
        .orElseThrow(
            () ->
                new WrongStateException(
                    "document %s has no boundary after %d tokens; those recorded are after %s"
                        .formatted(
                            id, tokens, boundaries.stream().map(Boundary::tokens).toList())));
  }

  /** Whether a file has the form of a tail. */
  boolean isTail(FileEntry entry) {
    return entry.name.equals(TailFile.FILE)
        || boundaries.stream().anyMatch(boundary -> boundary.file().equals(entry.name));
  }

  /** Of all files but this one. */
  long bytes() {
    return files.stream().mapToLong(FileEntry::bytes).sum();
  }

  LayerRange[] ranges() {
    return LayerRange.of(layout.layers(), layersPerFile);
  }

  /** The first layer of each range. */
  List<Integer> firstLayers() {
    return Arrays.stream(ranges()).map(LayerRange::first).toList();
  }

  /** The range whose blocks or spans a file holds; -1: it concerns all layers. */
  int rangeOf(FileEntry file) {
    LayerRange[] ranges = ranges();
    for (int i = 0; i < ranges.length; i++) {
      if (file.name().equals(ranges[i].blockFile()) || file.name().equals(ranges[i].spanTable())) {
        return i;
      }
    }
    return -1;
  }

  /** Files of some ranges, and those that concern all layers. */
  List<FileEntry> files(Set<Integer> ranges) {
    return files.stream()
        .filter(
            file -> {
              int range = rangeOf(file);
              return range < 0 || ranges.contains(range);
            })
        .toList();
  }

  /** How keys and values lie in the block files. */
  StoredParts parts() {
    return StoredParts.of(layout, encryption != null);
  }

  /** The same document under another name, in other surroundings. */
  Manifest as(String otherId, Origin otherOrigin) {
    return copy(otherId, otherOrigin, encryption);
  }

  /** The same document, its data key wrapped by another key. */
  Manifest with(Encryption otherEncryption) {
    return copy(id, origin, otherEncryption);
  }

  private Manifest copy(String otherId, Origin otherOrigin, @Nullable Encryption otherEncryption) {
    return new Manifest(
        otherId,
        layout,
        attributes,
        createdAtMillis,
        sealedAtMillis,
        searchMode,
        layersPerFile,
        layers,
        files,
        boundaries,
        otherOrigin,
        otherEncryption);
  }

  FileEntry file(String name) {
    return files.stream()
        .filter(file -> file.name.equals(name))
        .findFirst()
        .orElseThrow(() -> new Fault(FILE, "it does not list the file " + name).exception(id));
  }

  /** Writes it beside the files it lists, which are on the disk already; after this they count. */
  void write(FileLayer fileLayer, Path folder) throws IOException {
    Path unfinished = folder.resolve(UNFINISHED);
    try (SequentialFile out = new SequentialFile(fileLayer, unfinished)) {
      out.write(toJson());
      out.force();
    }
    fileLayer.move(unfinished, folder.resolve(FILE));
    fileLayer.forceFolder(folder.resolve(VectorFolder.FOLDER));
    fileLayer.forceFolder(folder);
  }

  /** Null when what it says of layers and files can be, else what can not. */
  private @Nullable String problem() {
    if (id.isEmpty() || id.contains("/") || id.startsWith(".")) {
      return "the id can be none";
    }
    if (layersPerFile < 1 || layers.size() != layout.layers()) {
      return "the numbers of layers do not fit each other";
    }
    for (LayerCounts layer : layers) {
      if (layer.spans < 0 || layer.vectors < 0 || layer.tokens < 0) {
        return "a count is negative";
      }
    }
    Set<String> expected = new HashSet<>(Set.of(TailFile.FILE));
    for (LayerRange range : ranges()) {
      expected.add(range.blockFile());
      expected.add(range.spanTable());
    }
    String boundaryProblem = boundaryProblem();
    if (boundaryProblem != null) {
      return boundaryProblem;
    }
    boundaries.forEach(boundary -> expected.add(boundary.file()));
    Set<String> seen = new HashSet<>();
    long left = MOST_BYTES;
    for (FileEntry file : files) {
      boolean known = expected.remove(file.name) || VECTOR_FILE.matcher(file.name).matches();
      if (!known || !seen.add(file.name) || file.bytes < 0 || file.bytes > left) {
        return "the file " + file.name + " can be none of it";
      }
      left -= file.bytes;
    }
    return expected.isEmpty() ? null : "it does not list " + expected.iterator().next();
  }

  private @Nullable String boundaryProblem() {
    if (origin.parentTokens() < 0 || (origin.parentTokens() > 0 && !origin.hasParent())) {
      return "it goes on behind a boundary of nothing";
    }
    for (Boundary boundary : boundaries) {
      if (!boundary.makesSense(layers.size())) {
        return "a boundary can be none of it";
      }
      for (int layer = 0; layer < layers.size(); layer++) {
        if (boundary.spans().get(layer) > layers.get(layer).spans) {
          return "a boundary has more spans than the document";
        }
      }
    }
    return Boundary.follow(boundaries) ? null : "the boundaries do not follow each other";
  }

  private int version() {
    if (!boundaries.isEmpty() || origin.parentTokens() > 0) {
      return BOUNDARIES_VERSION;
    }
    return encryption == null ? FORMAT_VERSION : ENCRYPTED_VERSION;
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
    document.addProperty("format_version", version());
    document.addProperty("id", id);
    document.add("layout", shape);
    document.add("attributes", GSON.toJsonTree(new TreeMap<>(attributes)));
    document.addProperty("created_at_millis", createdAtMillis);
    document.addProperty("sealed_at_millis", sealedAtMillis);
    document.addProperty("search_mode", searchMode.name());
    document.addProperty("layers_per_file", layersPerFile);
    document.addProperty("tenant", origin.tenant());
    document.addProperty("parent_id", origin.parentId());
    if (origin.parentTokens() > 0) {
      document.addProperty("parent_tokens", origin.parentTokens());
    }
    if (encryption != null) {
      JsonObject encrypted = new JsonObject();
      encrypted.addProperty("algorithm", encryption.algorithm());
      encrypted.addProperty("key_id", encryption.keyId());
      encrypted.addProperty("document", encryption.document());
      encrypted.addProperty("data_key", encryption.dataKey());
      document.add("encryption", encrypted);
    }
    JsonArray counts = new JsonArray();
    for (LayerCounts layer : layers) {
      JsonObject entry = new JsonObject();
      entry.addProperty("spans", layer.spans);
      entry.addProperty("vectors", layer.vectors);
      entry.addProperty("tokens", layer.tokens);
      counts.add(entry);
    }
    document.add("layers", counts);
    if (!boundaries.isEmpty()) {
      document.add("boundaries", boundariesJson());
    }
    JsonArray list = new JsonArray();
    for (FileEntry file : files) {
      JsonObject entry = new JsonObject();
      entry.addProperty("name", file.name);
      entry.addProperty("bytes", file.bytes);
      entry.addProperty("crc32c", hex(file.checksum));
      entry.addProperty("sha256", file.sha256);
      list.add(entry);
    }
    document.add("files", list);

    String json = GSON.toJson(document);
    byte[] covered = json.getBytes(StandardCharsets.UTF_8);
    int checksum = checksum(covered, 0, covered.length);
    return (FIRST_LINE.formatted(checksum) + json + LAST_LINE).getBytes(StandardCharsets.UTF_8);
  }

  private JsonArray boundariesJson() {
    JsonArray list = new JsonArray();
    for (Boundary boundary : boundaries) {
      JsonObject entry = new JsonObject();
      entry.addProperty("tokens", boundary.tokens());
      entry.addProperty("number", boundary.number());
      JsonArray spans = new JsonArray();
      boundary.spans().forEach(spans::add);
      entry.add("spans", spans);
      list.add(entry);
    }
    return list;
  }

  /** Sizes are those of the list of files. */
  private static List<Boundary> boundaries(JsonObject document, List<FileEntry> files) {
    List<Boundary> boundaries = new ArrayList<>();
    if (document.has("boundaries")) {
      for (JsonElement element : document.getAsJsonArray("boundaries")) {
        JsonObject entry = element.getAsJsonObject();
        int number = entry.get("number").getAsInt();
        List<Integer> spans = new ArrayList<>();
        entry.getAsJsonArray("spans").forEach(count -> spans.add(count.getAsInt()));
        long bytes =
            files.stream()
                .filter(file -> file.name.equals(Boundary.file(number)))
                .mapToLong(FileEntry::bytes)
                .sum();
        boundaries.add(new Boundary(entry.get("tokens").getAsLong(), number, bytes, spans));
      }
    }
    return List.copyOf(boundaries);
  }

  private static Origin origin(JsonObject document) {
    return new Origin(
        document.get("tenant").getAsString(),
        document.get("parent_id").getAsString(),
        document.has("parent_tokens") ? document.get("parent_tokens").getAsLong() : 0);
  }

  /**
   * Of the document in this folder.
   *
   * @throws DataLossException when it is missing, damaged, or that of another document
   */
  static Manifest read(String id, Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    try {
      Manifest manifest = fromJson(Files.readAllBytes(file), id, Path.of(id, FILE));
      if (!manifest.id().equals(id)) {
        throw new DataLossException(
            "document %s: its manifest belongs to document %s: rename the folder back"
                .formatted(id, manifest.id()));
      }
      return manifest;
    } catch (NoSuchFileException e) {
      throw new DataLossException("document %s: %s is missing".formatted(id, FILE), e);
    }
  }

  /**
   * @param path for messages
   */
  static Manifest fromJson(byte[] json, String id, Path path) {
    int covered = json.length - FIRST_LINE_BYTES - LAST_LINE.length();
    if (covered < 0 || !framed(json, covered)) {
      throw new DataLossException(
          "document %s: the checksum of %s does not match: the file was changed or damaged"
              .formatted(id, path));
    }
    try {
      JsonObject document =
          JsonParser.parseString(
                  new String(json, FIRST_LINE_BYTES, covered, StandardCharsets.UTF_8))
              .getAsJsonObject();
      int version = document.get("format_version").getAsInt();
      if (version < FORMAT_VERSION || version > BOUNDARIES_VERSION) {
        throw new DataLossException(
            "document %s: %s has format version %d; this service reads versions %d to %d. Start the version of Ltri that wrote it, or read the text again"
                .formatted(id, path, version, FORMAT_VERSION, BOUNDARIES_VERSION));
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
        files.add(
            new FileEntry(
                entry.get("name").getAsString(),
                entry.get("bytes").getAsLong(),
                Integer.parseUnsignedInt(entry.get("crc32c").getAsString(), 16),
                entry.get("sha256").getAsString()));
      }
      Manifest manifest =
          new Manifest(
              document.get("id").getAsString(),
              layout,
              Map.copyOf(attributes),
              document.get("created_at_millis").getAsLong(),
              document.get("sealed_at_millis").getAsLong(),
              SearchMode.valueOf(document.get("search_mode").getAsString()),
              document.get("layers_per_file").getAsInt(),
              List.copyOf(layers),
              List.copyOf(files),
              boundaries(document, files),
              origin(document),
              document.has("encryption") ? encryption(document) : null);
      if (manifest.version() != version) {
        throw new DataLossException(
            "document %s: %s has format version %d, and what it says is of version %d"
                .formatted(id, path, version, manifest.version()));
      }
      String problem = manifest.problem();
      if (problem != null) {
        throw new DataLossException(
            "document %s: %s makes no sense: %s".formatted(id, path, problem));
      }
      return manifest;
    } catch (DataLossException e) {
      throw e;
    } catch (RuntimeException e) {
      // The parser answers what is missing, or of another type, with exceptions of many kinds.
      throw new DataLossException("document %s: %s can not be read".formatted(id, path), e);
    }
  }

  private static Encryption encryption(JsonObject document) {
    JsonObject encrypted = document.getAsJsonObject("encryption");
    return new Encryption(
        encrypted.get("algorithm").getAsString(),
        encrypted.get("key_id").getAsString(),
        encrypted.get("document").getAsString(),
        encrypted.get("data_key").getAsString());
  }

  /** Whether the first and the last line are as they must be for what lies between them. */
  private static boolean framed(byte[] json, int covered) {
    byte[] first =
        FIRST_LINE
            .formatted(checksum(json, FIRST_LINE_BYTES, covered))
            .getBytes(StandardCharsets.UTF_8);
    byte[] last = LAST_LINE.getBytes(StandardCharsets.UTF_8);
    return Arrays.equals(first, 0, first.length, json, 0, first.length)
        && Arrays.equals(last, 0, last.length, json, first.length + covered, json.length);
  }

  private static int checksum(byte[] bytes, int from, int length) {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes, from, length);
    return (int) checksum.getValue();
  }

  static String hex(int checksum) {
    return "%08x".formatted(checksum);
  }
}
