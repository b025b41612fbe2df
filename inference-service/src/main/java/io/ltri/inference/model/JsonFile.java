package io.ltri.inference.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A JSON object from a model folder whose fields are read with their types checked.
 *
 * @param prefix of its fields in messages, such as {@code rope_scaling.}
 */
record JsonFile(Path path, String prefix, JsonNode root) {

  private static final long MAXIMUM_BYTES = 16 << 20;
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  static JsonFile read(Path path) {
    try {
      if (!Files.isRegularFile(path)) {
        throw new ModelFileException(path, "file", "is missing");
      }
      long size = Files.size(path);
      if (size > MAXIMUM_BYTES) {
        throw new ModelFileException(
            path, "file", size + " bytes are too many, at most " + MAXIMUM_BYTES + " are read");
      }
      String text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(Files.readAllBytes(path)))
              .toString();
      return parse(path, "", text);
    } catch (CharacterCodingException e) {
      throw new ModelFileException(path, "file", "is not UTF-8", e);
    } catch (IOException e) {
      throw new ModelFileException(path, "file", "cannot be read (" + e.getMessage() + ")", e);
    }
  }

  /**
   * @param part of the file that the text is, for messages; empty for all of it
   */
  static JsonFile parse(Path path, String part, String text) {
    String where = part.isEmpty() ? "file" : part;
    try {
      JsonNode root = MAPPER.readTree(text);
      if (root == null || !root.isObject()) {
        throw new ModelFileException(path, where, "is no JSON object");
      }
      return new JsonFile(path, part.isEmpty() ? "" : part + ".", root);
    } catch (JacksonException e) {
      throw new ModelFileException(
          path, where, "is no valid JSON (" + e.getOriginalMessage() + ")", e);
    }
  }

  ModelFileException broken(String field, String problem) {
    return new ModelFileException(path, prefix + field, problem);
  }

  /** Absent and null are the same. */
  boolean has(String field) {
    return node(field) != null;
  }

  @Nullable JsonNode node(String field) {
    JsonNode node = root.get(field);
    return node == null || node.isNull() ? null : node;
  }

  private JsonNode required(String field) {
    JsonNode node = node(field);
    if (node == null) {
      throw broken(field, "is missing");
    }
    return node;
  }

  @Nullable JsonFile object(String field) {
    JsonNode node = node(field);
    if (node == null) {
      return null;
    }
    if (!node.isObject()) {
      throw broken(field, "is no object");
    }
    return new JsonFile(path, prefix + field + ".", node);
  }

  int positive(String field) {
    long value = integer(field, required(field));
    if (value <= 0 || value > Integer.MAX_VALUE) {
      throw broken(field, value + " must be positive, and an int");
    }
    return (int) value;
  }

  int positive(String field, int absent) {
    return has(field) ? positive(field) : absent;
  }

  double number(String field) {
    JsonNode node = required(field);
    double value = node.isNumber() ? node.doubleValue() : Double.NaN;
    if (!Double.isFinite(value)) {
      throw broken(field, "is no finite number");
    }
    return value;
  }

  double number(String field, double absent) {
    return has(field) ? number(field) : absent;
  }

  boolean flag(String field, boolean absent) {
    JsonNode node = node(field);
    if (node == null) {
      return absent;
    }
    if (!node.isBoolean()) {
      throw broken(field, "is neither true nor false");
    }
    return node.booleanValue();
  }

  String text(String field) {
    JsonNode node = required(field);
    if (!node.isString()) {
      throw broken(field, "is no text");
    }
    return node.stringValue();
  }

  List<String> texts(String field) {
    List<String> result = new ArrayList<>();
    for (JsonNode element : array(field)) {
      if (!element.isString()) {
        throw broken(field, "holds something that is no text");
      }
      result.add(element.stringValue());
    }
    return result;
  }

  /** Token ids: absent, one, or a list. */
  List<Integer> ids(String field) {
    JsonNode node = node(field);
    if (node == null) {
      return List.of();
    }
    List<Integer> result = new ArrayList<>();
    for (JsonNode element : node.isArray() ? array(field) : List.of(node)) {
      long id = integer(field, element);
      if (id < 0 || id > Integer.MAX_VALUE) {
        throw broken(field, id + " is no token id");
      }
      result.add((int) id);
    }
    return result;
  }

  Iterable<JsonNode> array(String field) {
    JsonNode node = required(field);
    if (!node.isArray()) {
      throw broken(field, "is no list");
    }
    return node.values();
  }

  long integer(String field, JsonNode node) {
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw broken(field, "is no integer");
    }
    return node.longValue();
  }
}
