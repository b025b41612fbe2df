package io.ltri.inference.model.template;

import io.ltri.inference.model.template.Lexer.Kind;
import io.ltri.inference.model.template.Lexer.Token;
import io.ltri.inference.model.template.Syntax.Arguments;
import io.ltri.inference.model.template.Syntax.Expression;
import io.ltri.inference.model.template.Syntax.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Recursive descent over the tokens of a template, with Jinja's precedence of operators. */
final class Parser {

  /** Deeper nesting is no chat template, and would exhaust the stack. */
  private static final int MAX_DEPTH = 100;

  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");

  private final List<Token> tokens;
  private int next;
  private int depth;

  private Parser(List<Token> tokens) {
    this.tokens = tokens;
  }

  static List<Statement> parse(String source) {
    Parser parser = new Parser(Lexer.tokens(source));
    List<Statement> statements = parser.statements(Set.of());
    if (parser.current().kind() != Kind.END) {
      throw parser.unexpected();
    }
    return statements;
  }

  /** Up to the block tag that begins with one of these names; leaves the name current. */
  private List<Statement> statements(Set<String> ends) {
    enter();
    List<Statement> statements = new ArrayList<>();
    while (true) {
      Token token = current();
      switch (token.kind()) {
        case TEXT -> {
          statements.add(new Syntax.Text(token.text()));
          next++;
        }
        case PRINT_BEGIN -> {
          next++;
          statements.add(new Syntax.Print(tuple()));
          expect(Kind.PRINT_END);
        }
        case BLOCK_BEGIN -> {
          next++;
          if (current().kind() == Kind.NAME && ends.contains(current().text())) {
            depth--;
            return statements;
          }
          statements.addAll(block());
        }
        default -> {
          if (!ends.isEmpty()) {
            throw new TemplateException(token.line(), "expected " + String.join(" or ", ends));
          }
          depth--;
          return statements;
        }
      }
    }
  }

  private List<Statement> block() {
    Token keyword = expect(Kind.NAME);
    return switch (keyword.text()) {
      case "if" -> List.of(conditional());
      case "for" -> List.of(loop(keyword.line()));
      case "set" -> List.of(assignment(keyword.line()));
      case "macro" -> List.of(macro());
      case "break" -> {
        expect(Kind.BLOCK_END);
        yield List.of(new Syntax.Break());
      }
      case "continue" -> {
        expect(Kind.BLOCK_END);
        yield List.of(new Syntax.Continue());
      }
      case "generation" -> {
        // Marks what the model wrote, for training; renders as its content.
        expect(Kind.BLOCK_END);
        List<Statement> body = statements(Set.of("endgeneration"));
        endBlock();
        yield body;
      }
      default ->
          throw new TemplateException(
              keyword.line(), "{% " + keyword.text() + " %} is not supported here");
    };
  }

  private void endBlock() {
    next++;
    expect(Kind.BLOCK_END);
  }

  private Statement conditional() {
    Expression condition = expression();
    expect(Kind.BLOCK_END);
    List<Statement> then = statements(Set.of("elif", "else", "endif"));
    Token end = expect(Kind.NAME);
    List<Statement> otherwise = List.of();
    if (end.text().equals("elif")) {
      enter();
      otherwise = List.of(conditional());
      depth--;
      return new Syntax.If(condition, then, otherwise);
    }
    expect(Kind.BLOCK_END);
    if (end.text().equals("else")) {
      otherwise = statements(Set.of("endif"));
      endBlock();
    }
    return new Syntax.If(condition, then, otherwise);
  }

  private Statement loop(int line) {
    List<String> targets = targets();
    expectName("in");
    Expression of = tuple(false);
    Expression filter = skipName("if") ? expression() : null;
    if (current().isName("recursive")) {
      throw new TemplateException(line, "recursive loops are not supported");
    }
    expect(Kind.BLOCK_END);
    List<Statement> body = statements(Set.of("endfor", "else"));
    List<Statement> otherwise = List.of();
    if (current().isName("else")) {
      endBlock();
      otherwise = statements(Set.of("endfor"));
    }
    endBlock();
    return new Syntax.For(targets, of, filter, body, otherwise, line);
  }

  private Statement assignment(int line) {
    if (current().kind() == Kind.NAME && tokens.get(next + 1).isOperator(".")) {
      String namespace = expect(Kind.NAME).text();
      next++;
      String attribute = expect(Kind.NAME).text();
      expectOperator("=");
      Expression value = tuple();
      expect(Kind.BLOCK_END);
      return new Syntax.AssignAttribute(namespace, attribute, value, line);
    }
    List<String> targets = targets();
    if (skipOperator("=")) {
      Expression value = tuple();
      expect(Kind.BLOCK_END);
      return new Syntax.Assign(targets, value, line);
    }
    if (targets.size() != 1 || current().kind() != Kind.BLOCK_END) {
      throw current().isOperator("|")
          ? new TemplateException(line, "{% set %} with a filter is not supported")
          : unexpected();
    }
    next++;
    List<Statement> body = statements(Set.of("endset"));
    endBlock();
    return new Syntax.AssignBlock(targets.getFirst(), body);
  }

  private Statement macro() {
    String name = expect(Kind.NAME).text();
    expectOperator("(");
    List<Syntax.Parameter> parameters = new ArrayList<>();
    while (!skipOperator(")")) {
      if (!parameters.isEmpty()) {
        expectOperator(",");
        if (skipOperator(")")) {
          break;
        }
      }
      String parameter = expect(Kind.NAME).text();
      parameters.add(new Syntax.Parameter(parameter, skipOperator("=") ? expression() : null));
    }
    expect(Kind.BLOCK_END);
    List<Statement> body = statements(Set.of("endmacro"));
    endBlock();
    return new Syntax.Macro(name, parameters, body);
  }

  private List<String> targets() {
    boolean bracket = skipOperator("(");
    List<String> targets = new ArrayList<>();
    do {
      targets.add(expect(Kind.NAME).text());
    } while (skipOperator(","));
    if (bracket) {
      expectOperator(")");
    }
    return targets;
  }

  private Expression tuple() {
    return tuple(true);
  }

  /** An expression, or several with commas between, which make a list. */
  private Expression tuple(boolean withConditional) {
    Expression first = withConditional ? expression() : or();
    if (!current().isOperator(",")) {
      return first;
    }
    List<Expression> elements = new ArrayList<>(List.of(first));
    while (skipOperator(",")) {
      Kind kind = current().kind();
      if (kind == Kind.BLOCK_END || kind == Kind.PRINT_END || current().isOperator(")")) {
        break;
      }
      elements.add(withConditional ? expression() : or());
    }
    return new Syntax.ListOf(elements);
  }

  private Expression expression() {
    enter();
    Expression value = or();
    while (skipName("if")) {
      Expression condition = or();
      value = new Syntax.Conditional(value, condition, skipName("else") ? expression() : null);
    }
    depth--;
    return value;
  }

  private Expression or() {
    Expression left = and();
    while (skipName("or")) {
      left = new Syntax.Or(left, and());
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (skipName("and")) {
      left = new Syntax.And(left, not());
    }
    return left;
  }

  private Expression not() {
    if (skipName("not")) {
      enter();
      Expression negated = new Syntax.Not(not());
      depth--;
      return negated;
    }
    return comparison();
  }

  private Expression comparison() {
    int line = current().line();
    Expression first = sum();
    List<String> operators = new ArrayList<>();
    List<Expression> rest = new ArrayList<>();
    while (true) {
      if (current().kind() == Kind.OPERATOR && COMPARISONS.contains(current().text())) {
        operators.add(tokens.get(next++).text());
      } else if (skipName("in")) {
        operators.add("in");
      } else if (current().isName("not") && tokens.get(next + 1).isName("in")) {
        next += 2;
        operators.add("not in");
      } else {
        break;
      }
      rest.add(sum());
    }
    return rest.isEmpty() ? first : new Syntax.Comparison(first, operators, rest, line);
  }

  private Expression sum() {
    Expression left = concatenation();
    while (current().isOperator("+") || current().isOperator("-")) {
      Token operator = tokens.get(next++);
      left = new Syntax.Arithmetic(operator.text(), left, concatenation(), operator.line());
    }
    return left;
  }

  private Expression concatenation() {
    Expression left = product();
    while (current().isOperator("~")) {
      int line = tokens.get(next++).line();
      left = new Syntax.Arithmetic("~", left, product(), line);
    }
    return left;
  }

  private Expression product() {
    Expression left = power();
    while (current().kind() == Kind.OPERATOR
        && Set.of("*", "/", "//", "%").contains(current().text())) {
      Token operator = tokens.get(next++);
      left = new Syntax.Arithmetic(operator.text(), left, power(), operator.line());
    }
    return left;
  }

  private Expression power() {
    Expression left = unary(true);
    if (current().isOperator("**")) {
      throw new TemplateException(current().line(), "the operator ** is not supported");
    }
    return left;
  }

  private Expression unary(boolean withFilter) {
    enter();
    Expression value;
    if (current().isOperator("-") || current().isOperator("+")) {
      Token operator = tokens.get(next++);
      Expression of = unary(false);
      value = operator.text().equals("-") ? new Syntax.Negative(of, operator.line()) : of;
    } else {
      value = primary();
    }
    value = postfix(value);
    value = withFilter ? filters(value) : value;
    depth--;
    return value;
  }

  private Expression primary() {
    Token token = tokens.get(next++);
    switch (token.kind()) {
      case NAME -> {
        return switch (token.text()) {
          case "true", "True" -> new Syntax.Constant(true);
          case "false", "False" -> new Syntax.Constant(false);
          case "none", "None" -> new Syntax.Constant(null);
          default -> new Syntax.Name(token.text(), token.line());
        };
      }
      case STRING -> {
        StringBuilder text = new StringBuilder(token.text());
        while (current().kind() == Kind.STRING) {
          text.append(tokens.get(next++).text());
        }
        return new Syntax.Constant(text.toString());
      }
      case INTEGER -> {
        try {
          return new Syntax.Constant(Long.parseLong(token.text()));
        } catch (NumberFormatException e) {
          throw new TemplateException(token.line(), "the number " + token.text() + " is too large");
        }
      }
      case FLOAT -> {
        return new Syntax.Constant(Double.parseDouble(token.text()));
      }
      case OPERATOR -> {
        switch (token.text()) {
          case "(" -> {
            if (skipOperator(")")) {
              return new Syntax.ListOf(List.of());
            }
            Expression inner = tuple();
            expectOperator(")");
            return inner;
          }
          case "[" -> {
            return new Syntax.ListOf(elements("]"));
          }
          case "{" -> {
            return map(token.line());
          }
          default -> {}
        }
      }
      default -> {}
    }
    next--;
    throw unexpected();
  }

  private List<Expression> elements(String close) {
    List<Expression> elements = new ArrayList<>();
    while (!skipOperator(close)) {
      if (!elements.isEmpty()) {
        expectOperator(",");
        if (skipOperator(close)) {
          break;
        }
      }
      elements.add(expression());
    }
    return elements;
  }

  private Expression map(int line) {
    List<Syntax.Entry> entries = new ArrayList<>();
    while (!skipOperator("}")) {
      if (!entries.isEmpty()) {
        expectOperator(",");
        if (skipOperator("}")) {
          break;
        }
      }
      Expression key = expression();
      expectOperator(":");
      entries.add(new Syntax.Entry(key, expression()));
    }
    return new Syntax.MapOf(entries, line);
  }

  private Expression postfix(Expression value) {
    Expression result = value;
    while (true) {
      Token token = current();
      if (token.isOperator(".")) {
        next++;
        Token name = tokens.get(next++);
        result =
            switch (name.kind()) {
              case NAME -> new Syntax.Attribute(result, name.text(), token.line());
              case INTEGER ->
                  new Syntax.Item(
                      result, new Syntax.Constant(Long.parseLong(name.text())), token.line());
              default -> {
                next--;
                throw unexpected();
              }
            };
      } else if (token.isOperator("[")) {
        next++;
        result = subscript(result, token.line());
      } else if (token.isOperator("(")) {
        result = new Syntax.Call(result, arguments(), token.line());
      } else {
        return result;
      }
    }
  }

  private Expression subscript(Expression of, int line) {
    Expression from = current().isOperator(":") ? null : expression();
    if (from != null && skipOperator("]")) {
      return new Syntax.Item(of, from, line);
    }
    expectOperator(":");
    Expression to = null;
    Expression step = null;
    if (!current().isOperator(":") && !current().isOperator("]")) {
      to = expression();
    }
    if (skipOperator(":") && !current().isOperator("]")) {
      step = expression();
    }
    expectOperator("]");
    return new Syntax.Slice(of, from, to, step, line);
  }

  private Arguments arguments() {
    expectOperator("(");
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    while (!skipOperator(")")) {
      if (!positional.isEmpty() || !named.isEmpty()) {
        expectOperator(",");
        if (skipOperator(")")) {
          break;
        }
      }
      if (current().isOperator("*") || current().isOperator("**")) {
        throw new TemplateException(
            current().line(), "arguments with " + current().text() + " are not supported");
      }
      if (current().kind() == Kind.NAME && tokens.get(next + 1).isOperator("=")) {
        String name = tokens.get(next).text();
        next += 2;
        named.put(name, expression());
      } else if (named.isEmpty()) {
        positional.add(expression());
      } else {
        throw unexpected();
      }
    }
    return new Arguments(positional, named);
  }

  private Expression filters(Expression value) {
    Expression result = value;
    while (true) {
      Token token = current();
      if (skipOperator("|")) {
        Token name = expect(Kind.NAME);
        if (!Filters.NAMES.contains(name.text())) {
          throw new TemplateException(
              name.line(), "the filter \"" + name.text() + "\" is not supported");
        }
        Arguments arguments =
            current().isOperator("(") ? arguments() : new Arguments(List.of(), Map.of());
        result = new Syntax.Filter(result, name.text(), arguments, name.line());
      } else if (skipName("is")) {
        result = test(result);
      } else if (token.isOperator("(")) {
        result = new Syntax.Call(result, arguments(), token.line());
      } else {
        return result;
      }
    }
  }

  private Expression test(Expression of) {
    boolean negated = skipName("not");
    Token name = expect(Kind.NAME);
    if (!Predicates.NAMES.contains(name.text())) {
      throw new TemplateException(name.line(), "the test \"" + name.text() + "\" is not supported");
    }
    List<Expression> arguments = List.of();
    if (current().isOperator("(")) {
      Arguments given = arguments();
      if (!given.named().isEmpty()) {
        throw new TemplateException(name.line(), "tests with named arguments are not supported");
      }
      arguments = given.positional();
    } else if (beginsArgument(current())) {
      arguments = List.of(postfix(primary()));
    }
    Expression test = new Syntax.Test(of, name.text(), arguments, name.line());
    return negated ? new Syntax.Not(test) : test;
  }

  private static boolean beginsArgument(Token token) {
    return switch (token.kind()) {
      case STRING, INTEGER, FLOAT -> true;
      case NAME -> !Set.of("else", "or", "and", "is", "if", "in", "not").contains(token.text());
      case OPERATOR -> token.text().equals("[") || token.text().equals("{");
      default -> false;
    };
  }

  private void enter() {
    if (++depth > MAX_DEPTH) {
      throw new TemplateException(current().line(), "nested too deeply");
    }
  }

  private Token current() {
    return tokens.get(next);
  }

  private boolean skipName(String name) {
    if (current().isName(name)) {
      next++;
      return true;
    }
    return false;
  }

  private boolean skipOperator(String operator) {
    if (current().isOperator(operator)) {
      next++;
      return true;
    }
    return false;
  }

  private Token expect(Kind kind) {
    if (current().kind() != kind) {
      throw unexpected();
    }
    return tokens.get(next++);
  }

  private void expectName(String name) {
    if (!skipName(name)) {
      throw new TemplateException(
          current().line(), "expected \"" + name + "\", found " + current().describe());
    }
  }

  private void expectOperator(String operator) {
    if (!skipOperator(operator)) {
      throw new TemplateException(
          current().line(), "expected \"" + operator + "\", found " + current().describe());
    }
  }

  private TemplateException unexpected() {
    return new TemplateException(current().line(), "unexpected " + current().describe());
  }
}
