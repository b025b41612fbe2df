package io.ltri.evaluation.report;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Set;

/**
 * Writes markup that is both HTML and well-formed XML. Everything that comes from outside goes
 * through {@link #text} or an attribute and cannot become markup.
 */
final class Markup {

  /** Elements that HTML closes by itself. */
  private static final Set<String> VOID = Set.of("meta", "br", "col");

  private final StringBuilder out = new StringBuilder();
  private final Deque<String> open = new ArrayDeque<>();

  /**
   * @param attributes names and values in turn
   */
  Markup open(String tag, Object... attributes) {
    start(tag, attributes);
    out.append('>');
    open.push(tag);
    return this;
  }

  Markup close() {
    out.append("</").append(open.pop()).append('>');
    return this;
  }

  /** Closes a block of lines. */
  Markup closeLine() {
    close();
    out.append('\n');
    return this;
  }

  Markup text(String text) {
    out.append(escape(text));
    return this;
  }

  Markup leaf(String tag, String text, Object... attributes) {
    return open(tag, attributes).text(text).close();
  }

  /** A paragraph, heading or the like on a line of its own. */
  Markup line(String tag, String text, Object... attributes) {
    return open(tag, attributes).text(text).closeLine();
  }

  Markup empty(String tag, Object... attributes) {
    if (VOID.contains(tag)) {
      start(tag, attributes);
      out.append("/>");
      return this;
    }
    return open(tag, attributes).close();
  }

  /** A style sheet: it must hold no markup. */
  Markup style(String css) {
    if (css.indexOf('<') >= 0 || css.indexOf('&') >= 0) {
      throw new IllegalArgumentException("a style sheet with < or & would be read as markup");
    }
    out.append("<style>").append(css).append("</style>\n");
    return this;
  }

  private void start(String tag, Object... attributes) {
    out.append('<').append(tag);
    for (int i = 0; i < attributes.length; i += 2) {
      out.append(' ').append(attributes[i]).append("=\"");
      out.append(escape(value(attributes[i + 1]))).append('"');
    }
  }

  private static String value(Object attribute) {
    return attribute instanceof Double number ? number(number) : attribute.toString();
  }

  /** At most two decimals, for coordinates. */
  static String number(double value) {
    String text = String.format(Locale.ROOT, "%.2f", value);
    return text.replaceFirst("\\.?0+$", "");
  }

  private static String escape(String text) {
    StringBuilder safe = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> safe.append("&amp;");
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '"' -> safe.append("&quot;");
                default -> safe.appendCodePoint(allowed(c) ? c : 0xFFFD);
              }
            });
    return safe.toString();
  }

  /** The characters of XML 1.0, less the control characters that HTML forbids. */
  private static boolean allowed(int c) {
    return c == '\t'
        || c == '\n'
        || c == '\r'
        || (c >= 0x20 && c < 0x7F)
        || (c >= 0xA0 && c < 0xD800)
        || (c >= 0xE000 && c < 0xFFFE)
        || c >= 0x10000;
  }

  /** What was written; all must be closed. */
  String finished() {
    if (!open.isEmpty()) {
      throw new IllegalStateException("elements are still open: " + open);
    }
    return out.toString();
  }
}
