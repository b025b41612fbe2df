package io.ltri.inference.model.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The syntax tree of a template. Lines count from 1. */
final class Syntax {

  private Syntax() {}

  sealed interface Expression {}

  record Constant(@Nullable Object value) implements Expression {}

  record Name(String name, int line) implements Expression {}

  record ListOf(List<Expression> elements) implements Expression {}

  record Entry(Expression key, Expression value) {}

  record MapOf(List<Entry> entries, int line) implements Expression {}

  record Attribute(Expression of, String name, int line) implements Expression {}

  record Item(Expression of, Expression key, int line) implements Expression {}

  record Slice(
      Expression of,
      @Nullable Expression from,
      @Nullable Expression to,
      @Nullable Expression step,
      int line)
      implements Expression {}

  record Arguments(List<Expression> positional, Map<String, Expression> named) {}

  record Call(Expression function, Arguments arguments, int line) implements Expression {}

  record Filter(Expression of, String name, Arguments arguments, int line) implements Expression {}

  record Test(Expression of, String name, List<Expression> arguments, int line)
      implements Expression {}

  record Not(Expression of) implements Expression {}

  record Negative(Expression of, int line) implements Expression {}

  record And(Expression left, Expression right) implements Expression {}

  record Or(Expression left, Expression right) implements Expression {}

  /** {@code a < b <= c}: {@code operators.get(i)} stands before {@code rest.get(i)}. */
  record Comparison(Expression first, List<String> operators, List<Expression> rest, int line)
      implements Expression {}

  /** {@code + - * / // % ** ~}. */
  record Arithmetic(String operator, Expression left, Expression right, int line)
      implements Expression {}

  record Conditional(Expression then, Expression condition, @Nullable Expression otherwise)
      implements Expression {}

  sealed interface Statement {}

  record Text(String text) implements Statement {}

  record Print(Expression expression) implements Statement {}

  record If(Expression condition, List<Statement> then, List<Statement> otherwise)
      implements Statement {}

  record For(
      List<String> targets,
      Expression of,
      @Nullable Expression filter,
      List<Statement> body,
      List<Statement> otherwise,
      int line)
      implements Statement {}

  /** {@code set name = value}, {@code set a, b = value}. */
  record Assign(List<String> targets, Expression value, int line) implements Statement {}

  /** {@code set namespace.attribute = value}. */
  record AssignAttribute(String namespace, String attribute, Expression value, int line)
      implements Statement {}

  /** {@code set name}...{@code endset}. */
  record AssignBlock(String target, List<Statement> body) implements Statement {}

  record Parameter(String name, @Nullable Expression preset) {}

  record Macro(String name, List<Parameter> parameters, List<Statement> body)
      implements Statement {}

  record Break() implements Statement {}

  record Continue() implements Statement {}
}
