package io.ltri.client.command;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import java.util.LinkedHashMap;
import java.util.Map;

/** Objects of plain values in one line of JSON, as services and launcher leave for each other. */
final class FlatJson {
  private static final Gson GSON =
      new GsonBuilder().disableHtmlEscaping().setStrictness(Strictness.STRICT).create();

  private FlatJson() {}

  static String write(Map<String, ?> fields) {
    return GSON.toJson(fields);
  }

  /**
   * @return the fields in their order, numbers and booleans as they are spelt
   * @throws IllegalArgumentException if the text is anything else
   */
  static Map<String, String> read(String text) {
    Map<String, String> fields = new LinkedHashMap<>();
    try {
      if (!(GSON.fromJson(text, JsonElement.class) instanceof JsonObject object)) {
        throw new IllegalArgumentException("not a JSON object");
      }
      object.entrySet().forEach(field -> fields.put(field.getKey(), plain(field.getValue())));
    } catch (JsonParseException e) {
      throw new IllegalArgumentException("not a line of JSON: " + e.getMessage(), e);
    }
    return fields;
  }

  private static String plain(JsonElement value) {
    if (!value.isJsonPrimitive()) {
      throw new IllegalArgumentException("not a plain value: " + value);
    }
    return value.getAsString();
  }
}
