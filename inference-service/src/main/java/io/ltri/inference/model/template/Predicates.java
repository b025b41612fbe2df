package io.ltri.inference.model.template;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What may stand behind {@code is}; Jinja calls them tests. */
final class Predicates {

  static final Set<String> NAMES =
      Set.of(
          "defined",
          "undefined",
          "none",
          "string",
          "mapping",
          "iterable",
          "sequence",
          "number",
          "integer",
          "float",
          "boolean",
          "true",
          "false",
          "odd",
          "even",
          "divisibleby",
          "callable",
          "in",
          "eq",
          "equalto",
          "ne",
          "lt",
          "le",
          "gt",
          "ge",
          "lower",
          "upper");

  private Predicates() {}

  static boolean holds(
      String name, @Nullable Object value, List<@Nullable Object> arguments, int line) {
    return switch (name) {
      case "defined" -> !(value instanceof Values.Undefined);
      case "undefined" -> value instanceof Values.Undefined;
      case "none" -> value == null;
      case "string" -> value instanceof String;
      case "mapping" -> value instanceof Map<?, ?>;
      case "iterable", "sequence" ->
          value instanceof String
              || value instanceof List<?>
              || value instanceof Map<?, ?>
              || value instanceof Values.Undefined;
      case "number" -> value instanceof Long || value instanceof Double || value instanceof Boolean;
      case "integer" -> value instanceof Long;
      case "float" -> value instanceof Double;
      case "boolean" -> value instanceof Boolean;
      case "true" -> Boolean.TRUE.equals(value);
      case "false" -> Boolean.FALSE.equals(value);
      case "callable" -> value instanceof Values.Function;
      case "odd" -> Math.floorMod(Values.integer(value, line), 2) == 1;
      case "even" -> Math.floorMod(Values.integer(value, line), 2) == 0;
      case "divisibleby" -> {
        long by = Values.integer(first(name, arguments, line), line);
        if (by == 0) {
          throw new TemplateException(line, "division by zero in the test \"divisibleby\"");
        }
        yield Values.integer(value, line) % by == 0;
      }
      case "lower" -> {
        String text = Values.text(value, line);
        yield text.equals(Filters.lower(text)) && !text.equals(Filters.upper(text));
      }
      case "upper" -> {
        String text = Values.text(value, line);
        yield text.equals(Filters.upper(text)) && !text.equals(Filters.lower(text));
      }
      case "in" -> Values.contains(first(name, arguments, line), value, line);
      case "eq", "equalto" -> Values.areEqual(value, first(name, arguments, line));
      case "ne" -> !Values.areEqual(value, first(name, arguments, line));
      case "lt" -> Values.compare(value, "<", first(name, arguments, line), line);
      case "le" -> Values.compare(value, "<=", first(name, arguments, line), line);
      case "gt" -> Values.compare(value, ">", first(name, arguments, line), line);
      case "ge" -> Values.compare(value, ">=", first(name, arguments, line), line);
      default -> throw new TemplateException(line, "the test \"" + name + "\" is not supported");
    };
  }

  private static @Nullable Object first(String name, List<@Nullable Object> arguments, int line) {
    if (arguments.size() != 1) {
      throw new TemplateException(line, "the test \"" + name + "\" takes one argument");
    }
    return arguments.getFirst();
  }
}
