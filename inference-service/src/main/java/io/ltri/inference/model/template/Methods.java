package io.ltri.inference.model.template;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Python's methods of strings and mappings, as far as chat templates call them. */
final class Methods {

  private static final Set<String> OF_STRINGS =
      Set.of(
          "strip",
          "lstrip",
          "rstrip",
          "split",
          "rsplit",
          "splitlines",
          "startswith",
          "endswith",
          "replace",
          "upper",
          "lower",
          "title",
          "capitalize",
          "find",
          "count",
          "join",
          "removeprefix",
          "removesuffix",
          "isdigit");

  private static final Set<String> OF_MAPPINGS = Set.of("items", "keys", "values", "get");

  private Methods() {}

  /**
   * @return null if the value has no such method
   */
  static Values.@Nullable Function find(@Nullable Object of, String name) {
    if (of instanceof String text && OF_STRINGS.contains(name)) {
      return (positional, named, line) -> {
        if (!named.isEmpty()) {
          throw new TemplateException(line, "named arguments of " + name + "() are not supported");
        }
        return callString(text, name, positional, line);
      };
    }
    if (of instanceof Map<?, ?> map && OF_MAPPINGS.contains(name)) {
      return (positional, named, line) -> callMapping(map, name, positional, line);
    }
    return null;
  }

  private static @Nullable Object callString(
      String text, String name, List<@Nullable Object> arguments, int line) {
    Work.spend(text.length(), line);
    return switch (name) {
      case "strip" -> stripRight(stripLeft(text, arguments, line), arguments, line);
      case "lstrip" -> stripLeft(text, arguments, line);
      case "rstrip" -> stripRight(text, arguments, line);
      case "split" -> split(text, arguments, line);
      case "rsplit" -> splitFromRight(text, arguments, line);
      case "splitlines" -> lines(text);
      case "startswith" ->
          affixes(arguments, name, line).stream().anyMatch(affix -> text.startsWith(affix));
      case "endswith" ->
          affixes(arguments, name, line).stream().anyMatch(affix -> text.endsWith(affix));
      case "replace" -> replace(text, arguments, line);
      case "upper" -> Filters.upper(text);
      case "lower" -> Filters.lower(text);
      case "title" -> Filters.title(text);
      case "capitalize" -> Filters.capitalize(text);
      case "find" -> {
        int at = text.indexOf(string(arguments, 0, name, line));
        yield at < 0 ? -1L : (long) text.codePointCount(0, at);
      }
      case "count" -> {
        String part = string(arguments, 0, name, line);
        yield part.isEmpty()
            ? text.codePointCount(0, text.length()) + 1L
            : (long) pieces(text, part, -1).size() - 1;
      }
      case "join" -> {
        List<String> parts = new ArrayList<>();
        for (Object part : Values.elements(arguments.isEmpty() ? null : arguments.get(0), line)) {
          parts.add(Values.string(part, line));
        }
        yield Values.joined(text, parts, line);
      }
      case "removeprefix" -> {
        String prefix = string(arguments, 0, name, line);
        yield text.startsWith(prefix) ? text.substring(prefix.length()) : text;
      }
      case "removesuffix" -> {
        String suffix = string(arguments, 0, name, line);
        yield text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
      }
      default -> !text.isEmpty() && text.codePoints().allMatch(Character::isDigit);
    };
  }

  private static String string(List<@Nullable Object> arguments, int index, String name, int line) {
    if (index >= arguments.size()) {
      throw new TemplateException(line, name + "() lacks an argument");
    }
    return Values.string(arguments.get(index), line);
  }

  private static List<String> affixes(List<@Nullable Object> arguments, String name, int line) {
    if (arguments.size() == 1 && arguments.getFirst() instanceof List<?> several) {
      return several.stream().map(affix -> Values.string(affix, line)).toList();
    }
    if (arguments.size() != 1) {
      throw new TemplateException(line, name + "() is supported with one argument");
    }
    return List.of(string(arguments, 0, name, line));
  }

  private static String stripLeft(String text, List<@Nullable Object> arguments, int line) {
    return arguments.isEmpty() || arguments.getFirst() == null
        ? Values.stripLeft(text)
        : Values.stripLeft(text, Values.string(arguments.getFirst(), line));
  }

  private static String stripRight(String text, List<@Nullable Object> arguments, int line) {
    return arguments.isEmpty() || arguments.getFirst() == null
        ? Values.stripRight(text)
        : Values.stripRight(text, Values.string(arguments.getFirst(), line));
  }

  private static List<@Nullable Object> split(
      String text, List<@Nullable Object> arguments, int line) {
    long most = arguments.size() > 1 ? Values.integer(arguments.get(1), line) : -1;
    if (!arguments.isEmpty() && arguments.getFirst() != null) {
      return pieces(text, separator(arguments, line), most);
    }
    List<@Nullable Object> words = new ArrayList<>();
    int from = afterSpace(text, 0);
    while (from < text.length()) {
      if (most >= 0 && words.size() == most) {
        words.add(Values.stripRight(text.substring(from)));
        break;
      }
      int end = from;
      while (end < text.length() && !Values.isSpace(text.charAt(end))) {
        end++;
      }
      words.add(text.substring(from, end));
      from = afterSpace(text, end);
    }
    return words;
  }

  private static int afterSpace(String text, int from) {
    int at = from;
    while (at < text.length() && Values.isSpace(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private static List<@Nullable Object> splitFromRight(
      String text, List<@Nullable Object> arguments, int line) {
    long most = arguments.size() > 1 ? Values.integer(arguments.get(1), line) : -1;
    if (arguments.isEmpty() || arguments.getFirst() == null) {
      throw new TemplateException(line, "rsplit() is supported with a separator only");
    }
    String separator = separator(arguments, line);
    List<@Nullable Object> pieces = new ArrayList<>();
    int end = text.length();
    int at = text.lastIndexOf(separator);
    while (at >= 0 && (most < 0 || pieces.size() < most)) {
      pieces.add(text.substring(at + separator.length(), end));
      end = at;
      at = text.lastIndexOf(separator, end - separator.length());
    }
    pieces.add(text.substring(0, end));
    Collections.reverse(pieces);
    return pieces;
  }

  private static String separator(List<@Nullable Object> arguments, int line) {
    String separator = Values.string(arguments.getFirst(), line);
    if (separator.isEmpty()) {
      throw new TemplateException(line, "a text is split at an empty separator");
    }
    return separator;
  }

  private static List<@Nullable Object> pieces(String text, String separator, long most) {
    List<@Nullable Object> pieces = new ArrayList<>();
    int from = 0;
    int at = text.indexOf(separator);
    while (at >= 0 && (most < 0 || pieces.size() < most)) {
      pieces.add(text.substring(from, at));
      from = at + separator.length();
      at = text.indexOf(separator, from);
    }
    pieces.add(text.substring(from));
    return pieces;
  }

  private static List<@Nullable Object> lines(String text) {
    List<@Nullable Object> lines =
        new ArrayList<>(
            Arrays.asList(
                text.split("\r\n|[\n\r\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]", -1)));
    if ("".equals(lines.getLast())) {
      lines.removeLast();
    }
    return lines;
  }

  private static String replace(String text, List<@Nullable Object> arguments, int line) {
    String old = string(arguments, 0, "replace", line);
    String fresh = string(arguments, 1, "replace", line);
    long most = arguments.size() > 2 ? Values.integer(arguments.get(2), line) : -1;
    if (most < 0) {
      return Values.replaced(text, old, fresh, line);
    }
    if (old.isEmpty()) {
      throw new TemplateException(line, "replace() of an empty text is not supported");
    }
    List<String> pieces =
        pieces(text, old, most).stream().map(piece -> Values.text(piece, line)).toList();
    return Values.joined(fresh, pieces, line);
  }

  private static @Nullable Object callMapping(
      Map<?, ?> map, String name, List<@Nullable Object> arguments, int line) {
    Work.spend(map.size(), line);
    return switch (name) {
      case "items" -> Filters.items(map, line);
      case "keys" -> new ArrayList<@Nullable Object>(map.keySet());
      case "values" -> new ArrayList<@Nullable Object>(map.values());
      default -> {
        if (arguments.isEmpty() || arguments.size() > 2) {
          throw new TemplateException(line, "get() takes one or two arguments");
        }
        Values.requireKey(arguments.getFirst(), line);
        yield map.containsKey(arguments.getFirst())
            ? map.get(arguments.getFirst())
            : arguments.size() > 1 ? arguments.get(1) : null;
      }
    };
  }
}
