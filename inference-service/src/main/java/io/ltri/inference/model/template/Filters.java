package io.ltri.inference.model.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What may stand behind {@code |}. */
final class Filters {

  static final Set<String> NAMES =
      Set.of(
          "trim",
          "tojson",
          "length",
          "count",
          "upper",
          "lower",
          "capitalize",
          "title",
          "default",
          "d",
          "join",
          "first",
          "last",
          "list",
          "string",
          "int",
          "replace",
          "items",
          "reverse",
          "safe",
          "map",
          "select",
          "reject",
          "selectattr",
          "rejectattr");

  private static final Set<String> NAMED =
      Set.of(
          "tojson.indent",
          "tojson.ensure_ascii",
          "default.default_value",
          "default.boolean",
          "d.default_value",
          "d.boolean",
          "join.d",
          "join.attribute",
          "map.attribute",
          "trim.chars",
          "int.default");

  private final String name;
  private final List<@Nullable Object> positional;
  private final Map<String, @Nullable Object> named;
  private final int line;

  private Filters(
      String name,
      List<@Nullable Object> positional,
      Map<String, @Nullable Object> named,
      int line) {
    this.name = name;
    this.positional = positional;
    this.named = named;
    this.line = line;
  }

  static @Nullable Object apply(
      String name,
      @Nullable Object value,
      List<@Nullable Object> positional,
      Map<String, @Nullable Object> named,
      int line) {
    for (String argument : named.keySet()) {
      if (!NAMED.contains(name + "." + argument)) {
        throw new TemplateException(
            line, "the argument " + argument + " of the filter \"" + name + "\" is not supported");
      }
    }
    return new Filters(name, positional, named, line).apply(value);
  }

  private @Nullable Object apply(@Nullable Object value) {
    return switch (name) {
      case "trim" -> {
        Object characters = argument(0, "chars", null);
        String text = Values.text(value, line);
        yield characters == null
            ? Values.strip(text)
            : Values.stripLeft(
                Values.stripRight(text, Values.string(characters, line)),
                Values.string(characters, line));
      }
      case "tojson" -> json(value);
      case "length", "count" -> Values.length(value, line);
      case "upper" -> upper(Values.text(value, line));
      case "lower" -> lower(Values.text(value, line));
      case "capitalize" -> capitalize(Values.text(value, line));
      case "title" -> title(Values.text(value, line));
      case "string" -> Values.text(value, line);
      case "safe" -> value;
      case "default", "d" -> {
        boolean missing =
            value instanceof Values.Undefined
                || (Values.isTrue(argument(1, "boolean", false)) && !Values.isTrue(value));
        yield missing ? argument(0, "default_value", "") : value;
      }
      case "join" -> {
        String attribute = attribute(1);
        List<String> parts = new ArrayList<>();
        for (Object element : Values.elements(value, line)) {
          parts.add(
              Values.text(
                  attribute == null ? element : Values.item(element, attribute, line), line));
        }
        yield Values.joined(Values.text(argument(0, "d", ""), line), parts, line);
      }
      case "first" -> {
        List<@Nullable Object> elements = Values.elements(value, line);
        yield elements.isEmpty() ? new Values.Undefined("first") : elements.getFirst();
      }
      case "last" -> {
        List<@Nullable Object> elements = Values.elements(value, line);
        yield elements.isEmpty() ? new Values.Undefined("last") : elements.getLast();
      }
      case "list" -> Values.elements(value, line);
      case "int" -> integer(value);
      case "replace" -> replace(value);
      case "items" -> items(value, line);
      case "reverse" -> {
        List<@Nullable Object> elements = Values.elements(value, line);
        Collections.reverse(elements);
        if (value instanceof String) {
          StringBuilder text = new StringBuilder();
          elements.forEach(text::append);
          yield text.toString();
        }
        yield elements;
      }
      case "map" -> map(value);
      default -> select(value);
    };
  }

  private @Nullable Object argument(int position, String key, @Nullable Object preset) {
    if (position < positional.size()) {
      return positional.get(position);
    }
    return named.containsKey(key) ? named.get(key) : preset;
  }

  private @Nullable String attribute(int position) {
    Object attribute = argument(position, "attribute", null);
    return attribute == null ? null : Values.string(attribute, line);
  }

  private String json(@Nullable Object value) {
    if (Values.isTrue(argument(0, "ensure_ascii", false)) || positional.size() > 1) {
      throw new TemplateException(line, "the filter \"tojson\" is supported with indent only");
    }
    Object indent = named.get("indent");
    int spaces = indent == null ? -1 : (int) Math.clamp(Values.integer(indent, line), -1, 17);
    if (spaces > 16) {
      throw new TemplateException(line, "the filter \"tojson\" is supported up to indent 16");
    }
    return JsonText.write(value, spaces, line);
  }

  private Object integer(@Nullable Object value) {
    Object preset = argument(0, "default", 0L);
    return switch (value) {
      case Long n -> n;
      case Boolean b -> b ? 1L : 0L;
      case Double d -> d.longValue();
      case String text -> {
        try {
          yield Long.parseLong(Values.strip(text));
        } catch (NumberFormatException e) {
          yield preset == null ? 0L : preset;
        }
      }
      case null, default -> preset == null ? 0L : preset;
    };
  }

  private String replace(@Nullable Object value) {
    if (positional.size() != 2) {
      throw new TemplateException(line, "the filter \"replace\" is supported with two arguments");
    }
    return Values.replaced(
        Values.text(value, line),
        Values.text(positional.get(0), line),
        Values.text(positional.get(1), line),
        line);
  }

  private List<@Nullable Object> map(@Nullable Object value) {
    String attribute = attribute(Integer.MAX_VALUE);
    List<@Nullable Object> mapped = new ArrayList<>();
    for (Object element : Values.elements(value, line)) {
      if (attribute != null) {
        mapped.add(Values.item(element, attribute, line));
      } else {
        String filter = filterName();
        mapped.add(
            apply(filter, element, positional.subList(1, positional.size()), Map.of(), line));
      }
    }
    return mapped;
  }

  private String filterName() {
    if (positional.isEmpty()
        || !(positional.getFirst() instanceof String filter)
        || !NAMES.contains(filter)) {
      throw new TemplateException(line, "the filter \"map\" needs an attribute or a known filter");
    }
    return filter;
  }

  /** {@code select}, {@code reject}, {@code selectattr}, {@code rejectattr}. */
  private List<@Nullable Object> select(@Nullable Object value) {
    boolean byAttribute = name.endsWith("attr");
    int first = byAttribute ? 1 : 0;
    if (positional.size() < first) {
      throw new TemplateException(line, "the filter \"" + name + "\" needs an attribute");
    }
    List<@Nullable Object> selected = new ArrayList<>();
    for (Object element : Values.elements(value, line)) {
      Object seen =
          byAttribute
              ? Values.item(element, Values.string(positional.getFirst(), line), line)
              : element;
      boolean holds =
          positional.size() == first
              ? Values.isTrue(seen)
              : Predicates.holds(
                  predicate(positional.get(first)),
                  seen,
                  positional.subList(first + 1, positional.size()),
                  line);
      if (holds == name.startsWith("select")) {
        selected.add(element);
      }
    }
    return selected;
  }

  private String predicate(@Nullable Object name) {
    String predicate = Values.string(name, line);
    return switch (predicate) {
      case "==" -> "eq";
      case "!=" -> "ne";
      default -> predicate;
    };
  }

  static List<@Nullable Object> items(@Nullable Object value, int line) {
    if (value instanceof Values.Undefined) {
      return new ArrayList<>();
    }
    if (!(value instanceof Map<?, ?> map)) {
      throw new TemplateException(line, Values.type(value) + " has no items");
    }
    List<@Nullable Object> items = new ArrayList<>();
    map.forEach(
        (key, element) -> {
          List<@Nullable Object> pair = new ArrayList<>();
          pair.add(key);
          pair.add(element);
          items.add(pair);
        });
    return items;
  }

  static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int end = text.offsetByCodePoints(0, 1);
    return Character.toString(Character.toTitleCase(text.codePointAt(0)))
        + lower(text.substring(end));
  }

  static String title(String text) {
    StringBuilder out = new StringBuilder();
    boolean begins = true;
    for (int c : text.codePoints().toArray()) {
      out.appendCodePoint(begins ? Character.toTitleCase(c) : Character.toLowerCase(c));
      begins = !Character.isLetter(c);
    }
    return out.toString();
  }
}
