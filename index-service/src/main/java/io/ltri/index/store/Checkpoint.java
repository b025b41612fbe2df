package io.ltri.index.store;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.ltri.index.cipher.Encryption;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A state that an unfinished build can be taken up at: {@code checkpoint.json} in a folder {@code
 * checkpoint-N} beside the scratch files, together with the tail that goes with it. The folder gets
 * its name when everything in it, and all that it speaks of, was forced to the disk. What lies in
 * the files behind the ends given here was written later and is not trusted.
 *
 * @param number N; grows from checkpoint to checkpoint of a build
 * @param tokens as the caller gave them
 * @param tailBytes size of the tail file
 * @param ranges how far the files of each layer range are filled
 * @param boundaries checkpoints so far that are kept for those who begin as this document does
 * @param encryption of all these files; null: none
 */
record Checkpoint(
    int formatVersion,
    String buildKey,
    Origin origin,
    DocumentLayout layout,
    Map<String, String> attributes,
    long createdAtMillis,
    int layersPerFile,
    int number,
    long tokens,
    long atMillis,
    long tailBytes,
    List<RangeEnds> ranges,
    List<BuiltLayer> layers,
    List<Boundary> boundaries,
    @Nullable Encryption encryption) {

  @SuppressWarnings("ConstantConditions")
  Checkpoint {
    // Earlier versions recorded none.
    boundaries = boundaries == null ? List.of() : List.copyOf(boundaries);
  }

  static final String FILE = "checkpoint.json";
  static final String FOLDER_PREFIX = "checkpoint-";
  static final String UNFINISHED_SUFFIX = ".new";
  static final int FORMAT_VERSION = 1;

  /** Of a file: more than any disk holds, and little enough that sums do not overflow. */
  private static final long MOST_BYTES = 1L << 44;

  private static final Gson GSON =
      new GsonBuilder()
          .disableHtmlEscaping()
          .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
          .create();

  /** Ends of the block file and of the scratch file of a layer range. */
  record RangeEnds(long blocks, long scratch) {}

  String folder() {
    return FOLDER_PREFIX + number;
  }

  DocumentSummary summary(String id) {
    long tokensOfLayer = 0;
    long spans = 0;
    long vectors = 0;
    for (BuiltLayer layer : layers) {
      tokensOfLayer = Math.max(tokensOfLayer, layer.tokens());
      spans += layer.spans();
      vectors += layer.vectors();
    }
    return new DocumentSummary(
        id,
        DocumentState.BUILDING,
        layout,
        attributes,
        createdAtMillis,
        0,
        tokensOfLayer,
        spans,
        vectors,
        sizeBytes(),
        null,
        origin,
        tokens,
        List.of());
  }

  long sizeBytes() {
    return tailBytes
        + boundaries.stream().mapToLong(Boundary::tailBytes).sum()
        + ranges.stream().mapToLong(range -> range.blocks() + range.scratch()).sum();
  }

  byte[] toJson() {
    JsonObject checkpoint = GSON.toJsonTree(this).getAsJsonObject();
    JsonObject whole = new JsonObject();
    whole.add("checkpoint", checkpoint);
    whole.addProperty("crc32c", checksum(checkpoint));
    return GSON.toJson(whole).getBytes(StandardCharsets.UTF_8);
  }

  /** Null when it is damaged, or of another version. */
  static @Nullable Checkpoint fromJson(byte[] json) {
    try {
      JsonObject whole =
          JsonParser.parseString(new String(json, StandardCharsets.UTF_8)).getAsJsonObject();
      JsonObject checkpoint = whole.getAsJsonObject("checkpoint");
      if (checkpoint == null
          || !checksum(checkpoint).equals(whole.getAsJsonPrimitive("crc32c").getAsString())
          || checkpoint.get("format_version").getAsInt() != FORMAT_VERSION) {
        return null;
      }
      Checkpoint read = GSON.fromJson(checkpoint, Checkpoint.class);
      return read.makesSense() ? read : null;
    } catch (RuntimeException e) {
      // The parser answers what is missing, or of another type, with exceptions of many kinds.
      return null;
    }
  }

  /**
   * Whether what it says can be.
   *
   * @throws NullPointerException when something is missing
   */
  private boolean makesSense() {
    boolean counts =
        !buildKey.isEmpty()
            && layersPerFile >= 1
            && number >= 1
            && tokens >= 0
            && atMillis >= 0
            && isSize(tailBytes)
            && ranges.size() == LayerRange.of(layout.layers(), layersPerFile).length
            && layers.size() == layout.layers();
    return counts
        && new Origin(
                Objects.requireNonNull(origin.tenant()),
                Objects.requireNonNull(origin.parentId()),
                origin.parentTokens())
            .equals(origin)
        && origin.parentTokens() >= 0
        && boundaries.stream()
            .allMatch(
                boundary ->
                    boundary.makesSense(layout.layers())
                        && boundary.number() <= number
                        && isSize(boundary.tailBytes()))
        && Boundary.follow(boundaries)
        && spansOfBoundariesAreThere()
        && Map.copyOf(attributes).size() == attributes.size()
        && ranges.stream().allMatch(range -> isSize(range.blocks) && isSize(range.scratch))
        && layers.stream().allMatch(Checkpoint::makesSense);
  }

  private boolean spansOfBoundariesAreThere() {
    for (Boundary boundary : boundaries) {
      for (int layer = 0; layer < layers.size(); layer++) {
        if (boundary.spans().get(layer) > layers.get(layer).spans()) {
          return false;
        }
      }
    }
    return true;
  }

  /** The same with these boundaries only. */
  Checkpoint with(List<Boundary> kept) {
    return new Checkpoint(
        formatVersion,
        buildKey,
        origin,
        layout,
        attributes,
        createdAtMillis,
        layersPerFile,
        number,
        tokens,
        atMillis,
        tailBytes,
        ranges,
        layers,
        kept,
        encryption);
  }

  private static boolean makesSense(BuiltLayer layer) {
    return layer.spans() >= 0
        && layer.vectors() >= 0
        && layer.tokens() >= 0
        && layer.end() >= 0
        && follow(layer.recordExtents(), layer.spans())
        && follow(layer.vectorExtents(), layer.vectors());
  }

  /** Whether extents have room for so many, one after the other. */
  private static boolean follow(List<Extent> extents, int count) {
    long end = 0;
    for (Extent extent : extents) {
      if (extent.first() != end || extent.capacity() < 1 || !isSize(extent.offset())) {
        return false;
      }
      end += extent.capacity();
    }
    return count <= end;
  }

  private static boolean isSize(long bytes) {
    return bytes >= 0 && bytes <= MOST_BYTES;
  }

  private static String checksum(JsonObject checkpoint) {
    CRC32C checksum = new CRC32C();
    checksum.update(GSON.toJson(checkpoint).getBytes(StandardCharsets.UTF_8));
    return "%08x".formatted((int) checksum.getValue());
  }
}
