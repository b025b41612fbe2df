package io.ltri.inference.model.template;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What Python would make of values: null is None, the others are Boolean, Long, Double, String,
 * List, Map, {@link Undefined}, {@link Namespace} and {@link Function}. Strings are counted and cut
 * in code points.
 */
final class Values {

  private Values() {}

  /** What a name stands for that nobody has set. */
  record Undefined(String name) {}

  /** The only value that an assignment within a loop can change for good. */
  static final class Namespace {
    final Map<String, @Nullable Object> attributes = new HashMap<>();
  }

  @FunctionalInterface
  interface Function {
    @Nullable Object call(
        List<@Nullable Object> positional, Map<String, @Nullable Object> named, int line);
  }

  static boolean isTrue(@Nullable Object value) {
    return switch (value) {
      case null -> false;
      case Undefined undefined -> false;
      case Boolean b -> b;
      case Long n -> n != 0;
      case Double d -> d != 0;
      case String s -> !s.isEmpty();
      case List<?> list -> !list.isEmpty();
      case Map<?, ?> map -> !map.isEmpty();
      default -> true;
    };
  }

  /** As Python's {@code str}. */
  static String text(@Nullable Object value, int line) {
    return switch (value) {
      case String s -> s;
      case Undefined undefined -> "";
      case null -> "None";
      default -> representation(value, line);
    };
  }

  /** As Python's {@code repr}. */
  private static String representation(@Nullable Object value, int line) {
    StringBuilder out = new StringBuilder();
    represent(value, out, line);
    return out.toString();
  }

  private static void represent(@Nullable Object value, StringBuilder out, int line) {
    // A list may hold another many times over, and that one too.
    Work.spend(1, line);
    switch (value) {
      case List<?> list -> {
        out.append('[');
        for (int i = 0; i < list.size(); i++) {
          out.append(i == 0 ? "" : ", ");
          represent(list.get(i), out, line);
        }
        out.append(']');
      }
      case Map<?, ?> map -> {
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          out.append(separator);
          separator = ", ";
          represent(entry.getKey(), out, line);
          out.append(": ");
          represent(entry.getValue(), out, line);
        }
        out.append('}');
      }
      case null, default -> {
        String text = scalar(value);
        Work.spend(text.length(), line);
        out.append(text);
      }
    }
  }

  private static String scalar(@Nullable Object value) {
    return switch (value) {
      case null -> "None";
      case Boolean b -> b ? "True" : "False";
      case Long n -> n.toString();
      case Double d -> number(d);
      case String s -> quoted(s);
      case Undefined undefined -> "Undefined";
      default -> "<object>";
    };
  }

  private static String quoted(String text) {
    char quote = text.contains("'") && !text.contains("\"") ? '"' : '\'';
    StringBuilder out = new StringBuilder().append(quote);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                  if (c == quote) {
                    out.append('\\').append(quote);
                  } else if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
                    out.append("\\x%02x".formatted(c));
                  } else {
                    out.appendCodePoint(c);
                  }
                }
              }
            });
    return out.append(quote).toString();
  }

  /** The shortest digits that give the same number back, laid out as Python does. */
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    double size = Math.abs(value);
    if (size != 0 && (size < 1e-4 || size >= 1e16)) {
      String java = Double.toString(value);
      int e = java.indexOf('E');
      int exponent = Integer.parseInt(java.substring(e + 1));
      String digits = java.substring(0, e).replaceAll("\\.0$", "");
      return "%se%s%02d".formatted(digits, exponent < 0 ? "-" : "+", Math.abs(exponent));
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    String plain = new BigDecimal(Double.toString(value)).toPlainString();
    return plain.contains(".") ? plain : plain + ".0";
  }

  static boolean areEqual(@Nullable Object left, @Nullable Object right) {
    if (left instanceof Boolean b) {
      return areEqual(b ? 1L : 0L, right);
    }
    if (right instanceof Boolean b) {
      return areEqual(left, b ? 1L : 0L);
    }
    if (left instanceof Long l && right instanceof Double d) {
      return l.doubleValue() == d;
    }
    if (left instanceof Double d && right instanceof Long l) {
      return l.doubleValue() == d;
    }
    if (left instanceof Undefined && right instanceof Undefined) {
      return true;
    }
    if (left == right) {
      return true;
    }
    Work.spend(1, 0);
    if (left instanceof Map<?, ?> a && right instanceof Map<?, ?> b) {
      return a.size() == b.size()
          && a.entrySet().stream()
              .allMatch(
                  entry ->
                      b.containsKey(entry.getKey())
                          && areEqual(entry.getValue(), b.get(entry.getKey())));
    }
    if (left instanceof List<?> a && right instanceof List<?> b) {
      if (a.size() != b.size()) {
        return false;
      }
      for (int i = 0; i < a.size(); i++) {
        if (!areEqual(a.get(i), b.get(i))) {
          return false;
        }
      }
      return true;
    }
    return left == null ? right == null : left.equals(right);
  }

  static boolean compare(@Nullable Object left, String operator, @Nullable Object right, int line) {
    return switch (operator) {
      case "==" -> areEqual(left, right);
      case "!=" -> !areEqual(left, right);
      case "in" -> contains(right, left, line);
      case "not in" -> !contains(right, left, line);
      default -> {
        int order = order(left, right, operator, line);
        yield switch (operator) {
          case "<" -> order < 0;
          case "<=" -> order <= 0;
          case ">" -> order > 0;
          default -> order >= 0;
        };
      }
    };
  }

  private static int order(
      @Nullable Object left, @Nullable Object right, String operator, int line) {
    Object a = left instanceof Boolean b ? (Object) (b ? 1L : 0L) : left;
    Object b = right instanceof Boolean c ? (Object) (c ? 1L : 0L) : right;
    if (a instanceof Long x && b instanceof Long y) {
      return Long.compare(x, y);
    }
    if (a instanceof Number x && b instanceof Number y) {
      return Double.compare(x.doubleValue(), y.doubleValue());
    }
    if (a instanceof String x && b instanceof String y) {
      return x.compareTo(y);
    }
    throw mismatch(operator, left, right, line);
  }

  static boolean contains(@Nullable Object container, @Nullable Object value, int line) {
    return switch (container) {
      case String text when value instanceof String part -> {
        Work.spend(text.length(), line);
        yield text.contains(part);
      }
      case Map<?, ?> map -> {
        requireKey(value, line);
        yield map.containsKey(value);
      }
      case List<?> list -> list.stream().anyMatch(element -> areEqual(element, value));
      case Undefined undefined -> false;
      case null, default -> throw mismatch("in", value, container, line);
    };
  }

  static @Nullable Object calculate(
      String operator, @Nullable Object left, @Nullable Object right, int line) {
    if (operator.equals("~")) {
      return joined("", List.of(text(left, line), text(right, line)), line);
    }
    Object a = left instanceof Boolean b ? (Object) (b ? 1L : 0L) : left;
    Object b = right instanceof Boolean c ? (Object) (c ? 1L : 0L) : right;
    try {
      if (a instanceof Long x && b instanceof Long y) {
        return switch (operator) {
          case "+" -> Math.addExact(x, y);
          case "-" -> Math.subtractExact(x, y);
          case "*" -> Math.multiplyExact(x, y);
          case "//" -> Math.floorDiv(x, y);
          case "%" -> Math.floorMod(x, y);
          default -> {
            if (y == 0) {
              throw new ArithmeticException("division by zero");
            }
            yield (double) x / y;
          }
        };
      }
    } catch (ArithmeticException e) {
      throw new TemplateException(line, e.getMessage() + " in " + a + " " + operator + " " + b);
    }
    if (a instanceof Number m && b instanceof Number n) {
      double x = m.doubleValue();
      double y = n.doubleValue();
      if (y == 0 && !operator.equals("+") && !operator.equals("-") && !operator.equals("*")) {
        throw new TemplateException(line, "division by zero");
      }
      return switch (operator) {
        case "+" -> x + y;
        case "-" -> x - y;
        case "*" -> x * y;
        case "//" -> Math.floor(x / y);
        case "%" -> x - y * Math.floor(x / y);
        default -> x / y;
      };
    }
    if (operator.equals("+") && a instanceof String x && b instanceof String y) {
      return joined("", List.of(x, y), line);
    }
    if (operator.equals("+") && a instanceof List<?> x && b instanceof List<?> y) {
      Work.spend((long) x.size() + y.size(), line);
      List<@Nullable Object> both = new ArrayList<>(x);
      both.addAll(y);
      return both;
    }
    if (operator.equals("*") && a instanceof String x && b instanceof Long times) {
      // Nothing, however often, is still nothing.
      long count = x.isEmpty() ? 0 : Math.max(0, times);
      Work.spend(count, x.length(), line);
      return x.repeat(Math.toIntExact(count));
    }
    if (operator.equals("%") && a instanceof String) {
      throw new TemplateException(line, "formatting with % is not supported");
    }
    throw mismatch(operator, left, right, line);
  }

  static String joined(String separator, List<String> parts, int line) {
    Work.spend(parts.size(), separator.length(), line);
    for (String part : parts) {
      Work.spend(part.length(), line);
    }
    return String.join(separator, parts);
  }

  static String replaced(String text, String old, String fresh, int line) {
    Work.spend(text.length(), line);
    long places = 0;
    if (old.isEmpty()) {
      places = text.length() + 1L;
    } else {
      for (int at = text.indexOf(old); at >= 0; at = text.indexOf(old, at + old.length())) {
        places++;
      }
    }
    Work.spend(places, fresh.length(), line);
    return text.replace(old, fresh);
  }

  /** Lists and mappings are no keys, as in Python. */
  static void requireKey(@Nullable Object key, int line) {
    if (key instanceof List<?> || key instanceof Map<?, ?>) {
      throw new TemplateException(line, type(key) + " cannot be the key of a mapping");
    }
  }

  private static TemplateException mismatch(
      String operator, @Nullable Object left, @Nullable Object right, int line) {
    return new TemplateException(
        line, "%s %s %s cannot be done".formatted(type(left), operator, type(right)));
  }

  static String type(@Nullable Object value) {
    return switch (value) {
      case null -> "none";
      case Undefined undefined -> "\"" + undefined.name() + "\", which is undefined,";
      case Boolean b -> "a boolean";
      case Long n -> "an integer";
      case Double d -> "a number";
      case String s -> "a string";
      case List<?> list -> "a list";
      case Map<?, ?> map -> "a mapping";
      case Namespace namespace -> "a namespace";
      case Function function -> "a function";
      default -> "a value";
    };
  }

  /** The elements that a loop would see. */
  static List<@Nullable Object> elements(@Nullable Object value, int line) {
    Work.spend(size(value), line);
    return switch (value) {
      case List<?> list -> new ArrayList<@Nullable Object>(list);
      case Map<?, ?> map -> new ArrayList<@Nullable Object>(map.keySet());
      case String text -> {
        List<@Nullable Object> characters = new ArrayList<>();
        text.codePoints().mapToObj(Character::toString).forEach(characters::add);
        yield characters;
      }
      case Undefined undefined -> new ArrayList<>();
      case null, default ->
          throw new TemplateException(line, type(value) + " has no elements to go through");
    };
  }

  private static long size(@Nullable Object value) {
    return switch (value) {
      case String text -> text.length();
      case List<?> list -> list.size();
      case Map<?, ?> map -> map.size();
      case null, default -> 0;
    };
  }

  static long length(@Nullable Object value, int line) {
    return switch (value) {
      case String text -> text.codePointCount(0, text.length());
      case List<?> list -> list.size();
      case Map<?, ?> map -> map.size();
      case Undefined undefined -> 0;
      case null, default -> throw new TemplateException(line, type(value) + " has no length");
    };
  }

  static @Nullable Object item(@Nullable Object of, @Nullable Object key, int line) {
    switch (of) {
      case Undefined undefined ->
          throw new TemplateException(line, "\"" + undefined.name() + "\" is undefined");
      case Map<?, ?> map -> {
        requireKey(key, line);
        if (map.containsKey(key)) {
          return map.get(key);
        }
      }
      case List<?> list when key instanceof Long index -> {
        long at = index < 0 ? index + list.size() : index;
        if (at >= 0 && at < list.size()) {
          return list.get((int) at);
        }
      }
      case String text when key instanceof Long index -> {
        Work.spend(text.length(), line);
        int[] points = text.codePoints().toArray();
        long at = index < 0 ? index + points.length : index;
        if (at >= 0 && at < points.length) {
          return Character.toString(points[(int) at]);
        }
      }
      case Namespace namespace
          when key instanceof String && namespace.attributes.containsKey(key) -> {
        return namespace.attributes.get(key);
      }
      case null, default -> {}
    }
    return new Undefined(text(key, line));
  }

  static Object slice(
      @Nullable Object of,
      @Nullable Object from,
      @Nullable Object to,
      @Nullable Object step,
      int line) {
    boolean isText = of instanceof String;
    if (!isText && !(of instanceof List<?>)) {
      throw new TemplateException(line, type(of) + " cannot be sliced");
    }
    List<@Nullable Object> all = elements(of, line);
    int size = all.size();
    long by = step == null ? 1 : integer(step, line);
    if (by == 0) {
      throw new TemplateException(line, "a slice has step 0");
    }
    long first = bound(from, by > 0 ? 0 : size - 1, size, by, line);
    long end = bound(to, by > 0 ? size : -1, size, by, line);
    List<@Nullable Object> part = new ArrayList<>();
    // A step longer than the list could only leave it, or run over the largest number.
    long stride = Math.clamp(by, -size - 1L, size + 1L);
    for (long i = first; by > 0 ? i < end : i > end; i += stride) {
      part.add(all.get((int) i));
    }
    if (!isText) {
      return part;
    }
    StringBuilder text = new StringBuilder();
    part.forEach(text::append);
    return text.toString();
  }

  private static long bound(@Nullable Object given, long preset, int size, long by, int line) {
    if (given == null) {
      return preset;
    }
    long value = integer(given, line);
    long at = value < 0 ? value + size : value;
    return by > 0 ? Math.clamp(at, 0, size) : Math.clamp(at, -1, size - 1);
  }

  static long integer(@Nullable Object value, int line) {
    return switch (value) {
      case Long n -> n;
      case Boolean b -> b ? 1 : 0;
      case null, default ->
          throw new TemplateException(line, type(value) + " stands where an integer must");
    };
  }

  static String string(@Nullable Object value, int line) {
    if (value instanceof String text) {
      return text;
    }
    throw new TemplateException(line, type(value) + " stands where a string must");
  }

  /** White space as Python's {@code str.strip} sees it. */
  static boolean isSpace(int c) {
    return (c >= 0x09 && c <= 0x0d)
        || (c >= 0x1c && c <= 0x20)
        || c == 0x85
        || c == 0xa0
        || c == 0x1680
        || (c >= 0x2000 && c <= 0x200a)
        || c == 0x2028
        || c == 0x2029
        || c == 0x202f
        || c == 0x205f
        || c == 0x3000;
  }

  static String strip(String text) {
    return stripLeft(stripRight(text));
  }

  static String stripLeft(String text) {
    int from = 0;
    while (from < text.length() && isSpace(text.charAt(from))) {
      from++;
    }
    return text.substring(from);
  }

  static String stripRight(String text) {
    int to = text.length();
    while (to > 0 && isSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(0, to);
  }

  static String stripLeft(String text, String characters) {
    int[] points = text.codePoints().toArray();
    int from = 0;
    while (from < points.length && characters.indexOf(points[from]) >= 0) {
      from++;
    }
    return new String(points, from, points.length - from);
  }

  static String stripRight(String text, String characters) {
    int[] points = text.codePoints().toArray();
    int to = points.length;
    while (to > 0 && characters.indexOf(points[to - 1]) >= 0) {
      to--;
    }
    return new String(points, 0, to);
  }
}
