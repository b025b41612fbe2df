package io.ltri.index.store;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.ltri.index.cipher.Encryption;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
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
    @Nullable Encryption encryption) {

  static final String FILE = "checkpoint.json";
  static final String FOLDER_PREFIX = "checkpoint-";
  static final String UNFINISHED_SUFFIX = ".new";
  static final int FORMAT_VERSION = 1;

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
        tokens);
  }

  long sizeBytes() {
    return tailBytes + ranges.stream().mapToLong(range -> range.blocks() + range.scratch()).sum();
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
      return GSON.fromJson(checkpoint, Checkpoint.class);
    } catch (JsonParseException
        | IllegalStateException
        | NumberFormatException
        | NullPointerException
        | ClassCastException e) {
      return null;
    }
  }

  private static String checksum(JsonObject checkpoint) {
    CRC32C checksum = new CRC32C();
    checksum.update(GSON.toJson(checkpoint).getBytes(StandardCharsets.UTF_8));
    return "%08x".formatted((int) checksum.getValue());
  }
}
