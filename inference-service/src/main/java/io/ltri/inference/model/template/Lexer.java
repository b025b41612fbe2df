package io.ltri.inference.model.template;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts a template into text, tags and the tokens within tags, with Jinja's white space rules as
 * chat templates expect them: {@code trim_blocks} (the line end after a block tag goes) and {@code
 * lstrip_blocks} (the indentation before a block tag goes), both overruled by {@code -} and {@code
 * +} at the tag.
 */
final class Lexer {

  enum Kind {
    TEXT,
    PRINT_BEGIN,
    PRINT_END,
    BLOCK_BEGIN,
    BLOCK_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  record Token(Kind kind, String text, int line) {

    boolean isName(String name) {
      return kind == Kind.NAME && text.equals(name);
    }

    boolean isOperator(String operator) {
      return kind == Kind.OPERATOR && text.equals(operator);
    }

    String describe() {
      return switch (kind) {
        case END -> "the end of the template";
        case BLOCK_END, PRINT_END -> "the end of the tag";
        default -> "\"" + text + "\"";
      };
    }
  }

  private static final List<String> LONG_OPERATORS = List.of("==", "!=", "<=", ">=", "//", "**");
  private static final String SHORT_OPERATORS = "+-*/%~<>=.,:|()[]{}";

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int position;
  private int line = 1;

  /** The text before the next tag begins a line. */
  private boolean lineStarting = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String source) {
    String lines = source.replace("\r\n", "\n").replace('\r', '\n');
    Lexer lexer = new Lexer(lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines);
    lexer.run();
    return lexer.tokens;
  }

  private void run() {
    while (position < source.length()) {
      int tag = nextTag();
      if (tag < 0) {
        add(Kind.TEXT, source.substring(position));
        position = source.length();
      } else {
        text(tag);
        switch (source.charAt(tag + 1)) {
          case '#' -> comment();
          case '%' -> tag(Kind.BLOCK_BEGIN, Kind.BLOCK_END, "%}");
          default -> tag(Kind.PRINT_BEGIN, Kind.PRINT_END, "}}");
        }
      }
    }
    add(Kind.END, "");
  }

  private int nextTag() {
    for (int at = position; at + 1 < source.length(); at++) {
      if (source.charAt(at) == '{' && "{%#".indexOf(source.charAt(at + 1)) >= 0) {
        return at;
      }
    }
    return -1;
  }

  /** The text before a tag, stripped as the tag asks for; leaves the position behind "{%". */
  private void text(int tag) {
    String text = source.substring(position, tag);
    char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
    String kept = text;
    if (sign == '-') {
      kept = Values.stripRight(text);
    } else if (sign != '+' && source.charAt(tag + 1) != '{') {
      int begin = text.lastIndexOf('\n') + 1;
      if ((begin > 0 || lineStarting) && Values.strip(text.substring(begin)).isEmpty()) {
        kept = text.substring(0, begin);
      }
    }
    if (!kept.isEmpty()) {
      add(Kind.TEXT, kept);
    }
    countLines(text);
    position = tag + (sign == '-' || sign == '+' ? 3 : 2);
    lineStarting = false;
  }

  private void comment() {
    int end = source.indexOf("#}", position);
    if (end < 0) {
      throw new TemplateException(line, "a comment has no end");
    }
    countLines(source.substring(position, end));
    char sign = end > position ? source.charAt(end - 1) : ' ';
    position = end + 2;
    afterTag(sign, true);
  }

  private void tag(Kind begin, Kind end, String close) {
    add(begin, "");
    Deque<Character> open = new ArrayDeque<>();
    while (true) {
      skipSpace();
      if (position >= source.length()) {
        throw new TemplateException(line, "a tag has no end");
      }
      char c = source.charAt(position);
      boolean signed = c == '-' || (c == '+' && end == Kind.BLOCK_END);
      if (open.isEmpty() && source.startsWith(close, position + (signed ? 1 : 0))) {
        add(end, "");
        position += signed ? 3 : 2;
        afterTag(signed ? c : ' ', end == Kind.BLOCK_END);
        return;
      }
      if (c == '\'' || c == '"') {
        string(c);
      } else if (isDigit(c)) {
        number();
      } else if (Character.isLetter(c) || c == '_') {
        int from = position;
        while (position < source.length() && isNamePart(source.charAt(position))) {
          position++;
        }
        add(Kind.NAME, source.substring(from, position));
      } else {
        operator(c, open);
      }
    }
  }

  private void operator(char c, Deque<Character> open) {
    for (String operator : LONG_OPERATORS) {
      if (source.startsWith(operator, position)) {
        add(Kind.OPERATOR, operator);
        position += 2;
        return;
      }
    }
    if (SHORT_OPERATORS.indexOf(c) < 0) {
      throw new TemplateException(line, "unexpected character \"" + c + "\"");
    }
    switch (c) {
      case '(' -> open.push(')');
      case '[' -> open.push(']');
      case '{' -> open.push('}');
      case ')', ']', '}' -> {
        if (open.isEmpty() || open.pop() != c) {
          throw new TemplateException(line, "unexpected \"" + c + "\"");
        }
      }
      default -> {}
    }
    add(Kind.OPERATOR, String.valueOf(c));
    position++;
  }

  private void afterTag(char sign, boolean block) {
    int from = position;
    if (sign == '-') {
      while (position < source.length() && Values.isSpace(source.charAt(position))) {
        position++;
      }
    } else if (block && sign != '+' && source.startsWith("\n", position)) {
      position++;
    }
    countLines(source.substring(from, position));
    lineStarting = position > from && source.charAt(position - 1) == '\n';
  }

  private void skipSpace() {
    while (position < source.length() && Values.isSpace(source.charAt(position))) {
      if (source.charAt(position) == '\n') {
        line++;
      }
      position++;
    }
  }

  private void number() {
    int from = position;
    skipDigits();
    Kind kind = Kind.INTEGER;
    if (position + 1 < source.length()
        && source.charAt(position) == '.'
        && isDigit(source.charAt(position + 1))) {
      kind = Kind.FLOAT;
      position++;
      skipDigits();
    }
    if (exponentFollows()) {
      kind = Kind.FLOAT;
      position += 2;
      skipDigits();
    }
    if (position < source.length() && isNamePart(source.charAt(position))) {
      throw new TemplateException(
          line, "numbers such as " + source.substring(from, position + 1) + " are not supported");
    }
    add(kind, source.substring(from, position).replace("_", ""));
  }

  private boolean exponentFollows() {
    if (position + 1 >= source.length() || "eE".indexOf(source.charAt(position)) < 0) {
      return false;
    }
    char next = source.charAt(position + 1);
    return isDigit(next)
        || ("+-".indexOf(next) >= 0
            && position + 2 < source.length()
            && isDigit(source.charAt(position + 2)));
  }

  private void skipDigits() {
    while (position < source.length()
        && (isDigit(source.charAt(position)) || source.charAt(position) == '_')) {
      position++;
    }
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isNamePart(char c) {
    return Character.isLetterOrDigit(c) || c == '_';
  }

  private void string(char quote) {
    int from = line;
    StringBuilder text = new StringBuilder();
    position++;
    while (position < source.length() && source.charAt(position) != quote) {
      char c = source.charAt(position++);
      if (c == '\n') {
        line++;
      }
      if (c == '\\' && position < source.length()) {
        escape(text);
      } else {
        text.append(c);
      }
    }
    if (position >= source.length()) {
      throw new TemplateException(from, "a string has no end");
    }
    position++;
    tokens.add(new Token(Kind.STRING, text.toString(), from));
  }

  private void escape(StringBuilder text) {
    char c = source.charAt(position++);
    switch (c) {
      case 'n' -> text.append('\n');
      case 't' -> text.append('\t');
      case 'r' -> text.append('\r');
      case 'a' -> text.append('\u0007');
      case 'b' -> text.append('\b');
      case 'f' -> text.append('\f');
      case 'v' -> text.append('\u000b');
      case '\\', '\'', '"' -> text.append(c);
      case '\n' -> line++;
      case 'x' -> hexadecimal(text, 2);
      case 'u' -> hexadecimal(text, 4);
      case 'U' -> hexadecimal(text, 8);
      case 'N', '0', '1', '2', '3', '4', '5', '6', '7' ->
          throw new TemplateException(line, "the escape \\" + c + " is not supported in strings");
      default -> text.append('\\').append(c);
    }
  }

  private void hexadecimal(StringBuilder text, int digits) {
    try {
      text.appendCodePoint(
          Integer.parseUnsignedInt(source.substring(position, position + digits), 16));
      position += digits;
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new TemplateException(line, "a string has a damaged escape");
    }
  }

  private void countLines(String text) {
    line += Math.toIntExact(text.chars().filter(c -> c == '\n').count());
  }

  private void add(Kind kind, String text) {
    tokens.add(new Token(kind, text, line));
  }
}
