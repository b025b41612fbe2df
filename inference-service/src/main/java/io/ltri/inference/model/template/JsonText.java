package io.ltri.inference.model.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON laid out as Python's {@code json.dumps} does: a space after separators, characters outside
 * ASCII as they are.
 */
final class JsonText {

  private final int indent;
  private final String itemSeparator;
  private final String keySeparator;
  private final int line;
  private final StringBuilder out = new StringBuilder();

  /**
   * @param indent spaces per level; -1 for everything on one line
   */
  private JsonText(int indent, int line) {
    this.indent = indent;
    this.itemSeparator = indent < 0 ? ", " : ",";
    this.keySeparator = ": ";
    this.line = line;
  }

  static String write(@Nullable Object value, int indent, int line) {
    JsonText json = new JsonText(indent, line);
    json.value(value, 1);
    return json.out.toString();
  }

  private void value(@Nullable Object value, int level) {
    Work.spend(1, line);
    switch (value) {
      case null -> out.append("null");
      case Boolean b -> out.append(b);
      case Long n -> out.append(n);
      case Double d -> out.append(number(d));
      case String text -> string(text);
      case List<?> list -> {
        List<Runnable> parts = new ArrayList<>();
        list.forEach(element -> parts.add(() -> value(element, level + 1)));
        group('[', ']', parts, level);
      }
      case Map<?, ?> map -> {
        List<Runnable> parts = new ArrayList<>();
        map.forEach(
            (key, element) ->
                parts.add(
                    () -> {
                      string(key(key));
                      out.append(keySeparator);
                      value(element, level + 1);
                    }));
        group('{', '}', parts, level);
      }
      default ->
          throw new TemplateException(line, Values.type(value) + " cannot be written as JSON");
    }
  }

  private static String number(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "Infinity" : "-Infinity";
    }
    return Values.number(value);
  }

  private String key(@Nullable Object key) {
    return switch (key) {
      case String text -> text;
      case null -> "null";
      case Boolean b -> b.toString();
      case Long n -> n.toString();
      default -> throw new TemplateException(line, Values.type(key) + " cannot be a key in JSON");
    };
  }

  private void group(char open, char close, List<Runnable> parts, int level) {
    out.append(open);
    for (int i = 0; i < parts.size(); i++) {
      if (i > 0) {
        out.append(itemSeparator);
      }
      newLine(level);
      parts.get(i).run();
    }
    if (!parts.isEmpty()) {
      newLine(level - 1);
    }
    out.append(close);
  }

  private void newLine(int level) {
    if (indent >= 0) {
      Work.spend((long) indent * level, line);
      out.append('\n').append(" ".repeat(indent * level));
    }
  }

  private void string(String text) {
    Work.spend(text.length(), line);
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
