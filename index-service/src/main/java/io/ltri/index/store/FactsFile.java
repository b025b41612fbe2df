package io.ltri.index.store;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * {@code facts.json} beside the manifest: {@link DocumentFacts} with a CRC-32C, replaced as a
 * whole. It is not part of the document's content: the document is sound without it.
 */
public final class FactsFile {

  static final String FILE = "facts.json";
  static final String UNFINISHED = FILE + ".new";

  private static final int FORMAT_VERSION = 1;

  private static final Gson COMPACT = new GsonBuilder().disableHtmlEscaping().create();

  private FactsFile() {}

  /** As it is written. */
  public static byte[] toJson(DocumentFacts facts) {
    JsonObject inner = new JsonObject();
    inner.addProperty("format_version", FORMAT_VERSION);
    inner.addProperty("tenant", facts.tenant());
    inner.addProperty("last_used_at_millis", facts.lastUsedAtMillis());
    inner.addProperty("expires_at_millis", facts.expiresAtMillis());
    inner.addProperty("extend_by_millis", facts.extendByMillis());
    inner.addProperty("pinned", facts.pinned());
    inner.addProperty("build_millis", facts.buildMillis());
    inner.add("labels", COMPACT.toJsonTree(new TreeMap<>(facts.labels())));
    JsonObject whole = new JsonObject();
    whole.add("facts", inner);
    whole.addProperty("crc32c", checksum(inner));
    return COMPACT.toJson(whole).getBytes(StandardCharsets.UTF_8);
  }

  private static String checksum(JsonObject facts) {
    CRC32C checksum = new CRC32C();
    checksum.update(COMPACT.toJson(facts).getBytes(StandardCharsets.UTF_8));
    return Manifest.hex((int) checksum.getValue());
  }

  /**
   * Replaces the file of a folder, atomically; forced to the disk.
   *
   * @throws IOException and then the file is as it was
   */
  static void write(FileLayer files, Path folder, DocumentFacts facts) throws IOException {
    Path unfinished = folder.resolve(UNFINISHED);
    if (Files.exists(unfinished)) {
      files.delete(unfinished);
    }
    try (SequentialFile out = new SequentialFile(files, unfinished)) {
      out.write(toJson(facts));
      out.force();
    }
    files.move(unfinished, folder.resolve(FILE));
    files.forceFolder(folder);
  }

  /** Null when there is no such file, or it is damaged: see {@link #isThere}. */
  static @Nullable DocumentFacts read(Path folder) throws IOException {
    if (!isThere(folder)) {
      return null;
    }
    return fromJson(Files.readAllBytes(folder.resolve(FILE)));
  }

  /** Null when it is damaged. */
  public static @Nullable DocumentFacts fromJson(byte[] json) {
    try {
      JsonObject whole =
          JsonParser.parseString(new String(json, StandardCharsets.UTF_8)).getAsJsonObject();
      JsonObject facts = whole.getAsJsonObject("facts");
      if (facts == null
          || !checksum(facts).equals(whole.getAsJsonPrimitive("crc32c").getAsString())
          || facts.get("format_version").getAsInt() != FORMAT_VERSION) {
        return null;
      }
      Map<String, String> labels = new HashMap<>();
      facts
          .getAsJsonObject("labels")
          .entrySet()
          .forEach(label -> labels.put(label.getKey(), label.getValue().getAsString()));
      return new DocumentFacts(
          facts.get("tenant").getAsString(),
          facts.get("last_used_at_millis").getAsLong(),
          facts.get("expires_at_millis").getAsLong(),
          facts.get("extend_by_millis").getAsLong(),
          facts.get("pinned").getAsBoolean(),
          labels,
          facts.get("build_millis").getAsLong());
    } catch (RuntimeException e) {
      // The parser answers what is missing, or of another type, with exceptions of many kinds.
      return null;
    }
  }

  static boolean isThere(Path folder) {
    return Files.exists(folder.resolve(FILE));
  }
}
