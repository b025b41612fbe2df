package io.ltri.inference.model.template;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Templates and goldens; made by {@code src/test/python/make_template_goldens.py}. */
final class TemplateResources {

  /** The time at which the goldens were rendered. */
  static final Clock CLOCK = Clock.fixed(Instant.parse("2025-03-09T14:05:06Z"), ZoneOffset.UTC);

  private TemplateResources() {}

  static String text(String name) {
    try (InputStream in =
        Objects.requireNonNull(
            TemplateResources.class.getResourceAsStream("/template/" + name), name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode json(String name) {
    return JsonMapper.builder().build().readTree(text(name));
  }

  static ChatTemplate template(String name) {
    return ChatTemplate.parse(text("templates/" + name + ".jinja"));
  }

  static List<Message> messages(JsonNode turns) {
    List<Message> messages = new ArrayList<>();
    turns.forEach(
        turn -> messages.add(new Message(turn.get(0).asString(), turn.get(1).asString())));
    return messages;
  }

  static Map<String, @Nullable Object> variables(JsonNode object) {
    Map<String, @Nullable Object> variables = new LinkedHashMap<>();
    object.properties().forEach(e -> variables.put(e.getKey(), value(e.getValue())));
    return variables;
  }

  static @Nullable Object value(JsonNode node) {
    if (node.isObject()) {
      return variables(node);
    }
    if (node.isArray()) {
      List<@Nullable Object> list = new ArrayList<>();
      node.forEach(element -> list.add(value(element)));
      return list;
    }
    if (node.isBoolean()) {
      return node.asBoolean();
    }
    if (node.isIntegralNumber()) {
      return node.asLong();
    }
    if (node.isNumber()) {
      return node.asDouble();
    }
    return node.isNull() ? null : node.asString();
  }
}
