package io.ltri.index.cluster;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.ltri.index.store.DeletionReason;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Says that a document is gone for all.
 *
 * @param atMillis when that was decided; 0: it can not be read
 */
record Tombstone(DeletionReason reason, long atMillis) {

  private static final Gson JSON = new Gson();

  byte[] toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("reason", reason.name().toLowerCase(Locale.ROOT));
    json.addProperty("deleted_at_millis", atMillis);
    return JSON.toJson(json).getBytes(StandardCharsets.UTF_8);
  }

  /** That it is there is what counts: one that can not be read is one, too. */
  static Tombstone fromJson(byte[] json) {
    try {
      JsonObject read =
          JsonParser.parseString(new String(json, StandardCharsets.UTF_8)).getAsJsonObject();
      return new Tombstone(
          DeletionReason.valueOf(read.get("reason").getAsString().toUpperCase(Locale.ROOT)),
          read.get("deleted_at_millis").getAsLong());
    } catch (JsonParseException
        | IllegalStateException
        | IllegalArgumentException
        | NullPointerException
        | UnsupportedOperationException e) {
      return new Tombstone(DeletionReason.DELETED, 0);
    }
  }
}
