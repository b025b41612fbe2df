package io.ltri.inference.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The fields of a JSON object, read as what they must be. Fields that nobody asks for are ignored,
 * and null counts as absent; what is of another type or out of range is refused by name.
 *
 * @param node an object
 * @param path of it in the body, with a dot at its end; empty for the body itself
 */
record Fields(JsonNode node, String path) {

  static Fields of(JsonNode body) {
    if (!body.isObject()) {
      throw new ApiException(
          400,
          "invalid_type",
          null,
          "The body must be a JSON object, but it is " + kind(body) + ".");
    }
    return new Fields(body, "");
  }

  boolean has(String name) {
    JsonNode value = node.path(name);
    return !value.isMissingNode() && !value.isNull();
  }

  String param(String name) {
    return path + name;
  }

  /** The value as it is, or null. */
  @Nullable JsonNode any(String name) {
    return has(name) ? node.path(name) : null;
  }

  String string(String name, String otherwise) {
    return optionalString(name).orElse(otherwise);
  }

  Optional<String> optionalString(String name) {
    if (!has(name)) {
      return Optional.empty();
    }
    JsonNode value = node.path(name);
    if (!value.isString()) {
      throw ApiException.wrongType(param(name), "a string", kind(value));
    }
    return Optional.of(value.stringValue());
  }

  String requiredString(String name) {
    return optionalString(name).orElseThrow(() -> ApiException.missing(param(name)));
  }

  boolean flag(String name, boolean otherwise) {
    if (!has(name)) {
      return otherwise;
    }
    JsonNode value = node.path(name);
    if (!value.isBoolean()) {
      throw ApiException.wrongType(param(name), "a boolean", kind(value));
    }
    return value.booleanValue();
  }

  double number(String name, double otherwise, double least, double most) {
    if (!has(name)) {
      return otherwise;
    }
    JsonNode value = node.path(name);
    if (!value.isNumber()) {
      throw ApiException.wrongType(param(name), "a number", kind(value));
    }
    double number = value.doubleValue();
    if (!(number >= least && number <= most)) {
      throw ApiException.wrongValue(
          param(name),
          "'"
              + param(name)
              + "' is "
              + value
              + ": it must be from "
              + text(least)
              + " to "
              + text(most)
              + ".");
    }
    return number;
  }

  private static String text(double bound) {
    return bound == Math.rint(bound) ? Long.toString((long) bound) : Double.toString(bound);
  }

  long integer(String name, long otherwise, long least, long most) {
    if (!has(name)) {
      return otherwise;
    }
    return integer(node.path(name), param(name), least, most);
  }

  int integer(String name, int otherwise, int least, int most) {
    return (int) integer(name, (long) otherwise, least, most);
  }

  static long integer(JsonNode value, String param, long least, long most) {
    if (!value.isIntegralNumber()) {
      throw ApiException.wrongType(param, "an integer", kind(value));
    }
    if (!value.canConvertToLong() || value.longValue() < least || value.longValue() > most) {
      throw ApiException.wrongValue(
          param,
          "'" + param + "' is " + value + ": it must be from " + least + " to " + most + ".");
    }
    return value.longValue();
  }

  Optional<Fields> object(String name) {
    if (!has(name)) {
      return Optional.empty();
    }
    JsonNode value = node.path(name);
    if (!value.isObject()) {
      throw ApiException.wrongType(param(name), "an object", kind(value));
    }
    return Optional.of(new Fields(value, param(name) + "."));
  }

  List<Fields> objects(String name) {
    List<Fields> objects = new ArrayList<>();
    List<JsonNode> values = array(name);
    for (int i = 0; i < values.size(); i++) {
      String param = param(name) + "[" + i + "]";
      if (!values.get(i).isObject()) {
        throw ApiException.wrongType(param, "an object", kind(values.get(i)));
      }
      objects.add(new Fields(values.get(i), param + "."));
    }
    return objects;
  }

  /** Empty where it is absent. */
  List<JsonNode> array(String name) {
    if (!has(name)) {
      return List.of();
    }
    JsonNode value = node.path(name);
    if (!value.isArray()) {
      throw ApiException.wrongType(param(name), "an array", kind(value));
    }
    List<JsonNode> values = new ArrayList<>();
    value.forEach(values::add);
    return values;
  }

  List<String> strings(String name) {
    List<String> strings = new ArrayList<>();
    List<JsonNode> values = array(name);
    for (int i = 0; i < values.size(); i++) {
      if (!values.get(i).isString()) {
        throw ApiException.wrongType(param(name) + "[" + i + "]", "a string", kind(values.get(i)));
      }
      strings.add(values.get(i).stringValue());
    }
    return strings;
  }

  static String kind(JsonNode value) {
    return switch (value.getNodeType()) {
      case ARRAY -> "an array";
      case OBJECT, POJO -> "an object";
      case STRING, BINARY -> "a string";
      case BOOLEAN -> "a boolean";
      case NUMBER -> value.isIntegralNumber() ? "an integer" : "a number";
      case NULL, MISSING -> "null";
    };
  }
}
