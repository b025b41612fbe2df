package io.ltri.client.command;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One JSON object of strings, numbers and booleans, on one line: the files in the folder {@code
 * run}. A whole JSON library would cost every command its loading time.
 */
final class FlatJson {
  private final String text;
  private int position;

  private FlatJson(String text) {
    this.text = text;
  }

  static String write(Map<String, ?> fields) {
    StringBuilder line = new StringBuilder("{");
    fields.forEach(
        (name, value) -> {
          if (line.length() > 1) {
            line.append(',');
          }
          quote(line, name);
          line.append(':');
          if (value instanceof Number || value instanceof Boolean) {
            line.append(value);
          } else {
            quote(line, value.toString());
          }
        });
    return line.append("}").toString();
  }

  private static void quote(StringBuilder line, String value) {
    line.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"', '\\' -> line.append('\\').append(c);
        default -> {
          if (c < ' ') {
            line.append(String.format("\\u%04x", (int) c));
          } else {
            line.append(c);
          }
        }
      }
    }
    line.append('"');
  }

  /**
   * The fields, numbers and booleans as their texts.
   *
   * @throws IllegalArgumentException if it is anything else
   */
  static Map<String, String> read(String text) {
    return new FlatJson(text).object();
  }

  private Map<String, String> object() {
    Map<String, String> fields = new LinkedHashMap<>();
    expect('{');
    if (peek() == '}') {
      position++;
    } else {
      while (true) {
        String name = string();
        expect(':');
        fields.put(name, peek() == '"' ? string() : literal());
        if (peek() == '}') {
          position++;
          break;
        }
        expect(',');
      }
    }
    if (!text.substring(position).isBlank()) {
      throw wrong("nothing more");
    }
    return fields;
  }

  private char peek() {
    while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
      position++;
    }
    if (position == text.length()) {
      throw wrong("more");
    }
    return text.charAt(position);
  }

  private void expect(char c) {
    if (peek() != c) {
      throw wrong("'" + c + "'");
    }
    position++;
  }

  private String literal() {
    int start = position;
    while (position < text.length() && ",}".indexOf(text.charAt(position)) < 0) {
      position++;
    }
    String value = text.substring(start, position).strip();
    if (!value.matches("true|false|null|-?[0-9.eE+-]+")) {
      throw wrong("a string, a number or a boolean");
    }
    return value;
  }

  private String string() {
    expect('"');
    StringBuilder value = new StringBuilder();
    while (true) {
      char c = take();
      if (c == '"') {
        return value.toString();
      }
      value.append(c == '\\' ? escaped() : c);
    }
  }

  private char escaped() {
    char c = take();
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'n' -> '\n';
      case 't' -> '\t';
      case 'r' -> '\r';
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'u' -> {
        if (position + 4 > text.length()) {
          throw wrong("four hexadecimal digits");
        }
        position += 4;
        yield (char) Integer.parseInt(text.substring(position - 4, position), 16);
      }
      default -> throw wrong("an escape that JSON knows");
    };
  }

  private char take() {
    if (position == text.length()) {
      throw wrong("the end of the string");
    }
    return text.charAt(position++);
  }

  private IllegalArgumentException wrong(String expected) {
    return new IllegalArgumentException(
        "expected " + expected + " at character " + position + " of: " + text);
  }
}
