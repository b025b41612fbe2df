package io.ltri.edge.access;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A file of keys, a JSON list of {@code {"id":"k1","tenant":"acme","key":"...","current":true}},
 * where the key is 32 bytes in Base64. Only its owner may be able to read it.
 */
public final class KeyFile {

  private KeyFile() {}

  /**
   * @throws IllegalArgumentException if it is wrong or others can read it, saying what; never with
   *     a key in it
   */
  public static List<TenantKey> read(Path file) throws IOException {
    requirePrivate(file);
    List<TenantKey> keys = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    Set<String> current = new HashSet<>();
    try {
      for (JsonElement element : JsonParser.parseString(Files.readString(file)).getAsJsonArray()) {
        JsonObject entry = element.getAsJsonObject();
        JsonElement marked = entry.get("current");
        TenantKey key =
            TenantKey.of(
                text(entry, "id"),
                text(entry, "tenant"),
                text(entry, "key"),
                marked != null && marked.getAsBoolean());
        if (!ids.add(key.id())) {
          throw new IllegalArgumentException(file + ": there are two keys '" + key.id() + "'");
        }
        if (key.current() && !current.add(key.tenant())) {
          throw new IllegalArgumentException(
              file + ": tenant '" + key.tenant() + "' has two current keys");
        }
        keys.add(key);
      }
    } catch (JsonParseException | IllegalStateException e) {
      // What the parser says may quote a key; so it is no cause either.
      throw new IllegalArgumentException(file + " is no file of keys: make it with 'ltri key add'");
    }
    return keys;
  }

  private static String text(JsonObject entry, String field) {
    JsonElement value = entry.get(field);
    if (value == null || !value.isJsonPrimitive()) {
      throw new IllegalArgumentException("a key in the file lacks '" + field + "'");
    }
    return value.getAsString();
  }

  private static void requirePrivate(Path file) throws IOException {
    if (!file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return;
    }
    Set<PosixFilePermission> open = new HashSet<>(Files.getPosixFilePermissions(file));
    open.removeAll(
        Set.of(
            PosixFilePermission.OWNER_READ,
            PosixFilePermission.OWNER_WRITE,
            PosixFilePermission.OWNER_EXECUTE));
    if (!open.isEmpty()) {
      throw new IllegalArgumentException(
          file + " can be read or changed by others than its owner: chmod 600 " + file);
    }
  }

  /**
   * Adds a key; the one that was current for its tenant is kept, for what was encrypted with it.
   * Without a file, one is made. Two changes at once come one after the other.
   *
   * @throws IllegalArgumentException if there is a key of this id
   */
  public static void add(Path file, TenantKey key) throws IOException {
    PrivateFile.change(
        file,
        absolute -> {
          List<TenantKey> all = new ArrayList<>();
          for (TenantKey before : Files.exists(absolute) ? read(absolute) : List.<TenantKey>of()) {
            if (before.id().equals(key.id())) {
              throw new IllegalArgumentException(
                  "there is a key '" + key.id() + "' in " + file + ": choose another id");
            }
            all.add(before.tenant().equals(key.tenant()) ? before.retired() : before);
          }
          all.add(key);
          return json(all);
        });
  }

  private static String json(List<TenantKey> keys) {
    StringBuilder json = new StringBuilder("[");
    for (TenantKey key : keys) {
      JsonObject entry = new JsonObject();
      entry.addProperty("id", key.id());
      entry.addProperty("tenant", key.tenant());
      entry.addProperty("key", key.base64());
      entry.addProperty("current", key.current());
      json.append(json.length() == 1 ? "\n  " : ",\n  ").append(entry);
    }
    return json.append("\n]\n").toString();
  }
}
