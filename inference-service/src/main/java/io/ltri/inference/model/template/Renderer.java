package io.ltri.inference.model.template;

import io.ltri.inference.model.template.Syntax.Arguments;
import io.ltri.inference.model.template.Syntax.Expression;
import io.ltri.inference.model.template.Syntax.Statement;
import java.math.BigInteger;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One rendering of a template: walks the tree with the variables in hand. */
final class Renderer {

  /** What a round of a loop takes beside the steps in it. */
  private static final int ROUND = 8;

  private static final int MAX_CALLS = 100;

  private enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  /** Names set here hide those outside; loops and macros open a new one. */
  private static final class Scope {
    private final @Nullable Scope outside;
    private final Map<String, @Nullable Object> names;

    Scope(@Nullable Scope outside, Map<String, ? extends @Nullable Object> names) {
      this.outside = outside;
      this.names = new HashMap<>(names);
    }

    @Nullable Object get(String name) {
      for (Scope scope = this; scope != null; scope = scope.outside) {
        if (scope.names.containsKey(name)) {
          return scope.names.get(name);
        }
      }
      return new Values.Undefined(name);
    }
  }

  private final Scope top;
  private StringBuilder out = new StringBuilder();
  private int calls;

  private Renderer(Map<String, ? extends @Nullable Object> variables, Clock clock) {
    Scope globals = new Scope(null, Map.of());
    Values.Function raise =
        (positional, named, line) -> {
          throw new ConversationRefusedException(
              positional.isEmpty() ? "no reason given" : Values.text(positional.getFirst(), line));
        };
    Values.Function now =
        (positional, named, line) ->
            DateText.format(
                ZonedDateTime.now(clock),
                Values.string(positional.isEmpty() ? null : positional.getFirst(), line),
                line);
    globals.names.put("raise_exception", raise);
    globals.names.put("strftime_now", now);
    globals.names.put("namespace", (Values.Function) Renderer::namespace);
    globals.names.put("range", (Values.Function) Renderer::range);
    top = new Scope(globals, variables);
  }

  static String render(
      List<Statement> statements, Map<String, ? extends @Nullable Object> variables, Clock clock) {
    Renderer renderer = new Renderer(variables, clock);
    renderer.run(statements, renderer.top);
    return renderer.out.toString();
  }

  private static Object namespace(
      List<@Nullable Object> positional, Map<String, @Nullable Object> named, int line) {
    Values.Namespace namespace = new Values.Namespace();
    for (Object argument : positional) {
      if (!(argument instanceof Map<?, ?> map)) {
        throw new TemplateException(line, "namespace() of " + Values.type(argument));
      }
      map.forEach((key, value) -> namespace.attributes.put(Values.text(key, line), value));
    }
    namespace.attributes.putAll(named);
    return namespace;
  }

  private static Object range(
      List<@Nullable Object> positional, Map<String, @Nullable Object> named, int line) {
    if (positional.isEmpty() || positional.size() > 3 || !named.isEmpty()) {
      throw new TemplateException(line, "range() takes one to three integers");
    }
    boolean one = positional.size() == 1;
    long from = one ? 0 : Values.integer(positional.get(0), line);
    long to = Values.integer(positional.get(one ? 0 : 1), line);
    long step = positional.size() == 3 ? Values.integer(positional.get(2), line) : 1;
    if (step == 0) {
      throw new TemplateException(line, "range() with step 0");
    }
    BigInteger distance = BigInteger.valueOf(to).subtract(BigInteger.valueOf(from));
    // As many whole steps as begin before the end.
    BigInteger count =
        distance.signum() == Long.signum(step)
            ? distance
                .abs()
                .subtract(BigInteger.ONE)
                .divide(BigInteger.valueOf(step).abs())
                .add(BigInteger.ONE)
            : BigInteger.ZERO;
    Work.spend(count.bitLength() > 62 ? Long.MAX_VALUE : count.longValue(), line);
    List<@Nullable Object> numbers = new ArrayList<>();
    for (long i = 0; i < count.longValue(); i++) {
      numbers.add(from + i * step);
    }
    return numbers;
  }

  private Flow run(List<Statement> statements, Scope scope) {
    for (Statement statement : statements) {
      Flow flow = run(statement, scope);
      if (flow != Flow.ON) {
        return flow;
      }
    }
    return Flow.ON;
  }

  private Flow run(Statement statement, Scope scope) {
    Work.spend(1, 0);
    switch (statement) {
      case Syntax.Text(String text) -> print(text);
      case Syntax.Print(Expression expression) -> print(Values.text(value(expression, scope), 0));
      case Syntax.If(Expression condition, List<Statement> then, List<Statement> otherwise) -> {
        return run(Values.isTrue(value(condition, scope)) ? then : otherwise, scope);
      }
      case Syntax.For loop -> loop(loop, scope);
      case Syntax.Assign(List<String> targets, Expression expression, int line) ->
          assign(targets, value(expression, scope), scope, line);
      case Syntax.AssignAttribute assignment -> {
        if (!(scope.get(assignment.namespace()) instanceof Values.Namespace namespace)) {
          throw new TemplateException(
              assignment.line(), "\"" + assignment.namespace() + "\" is not a namespace");
        }
        namespace.attributes.put(assignment.attribute(), value(assignment.value(), scope));
      }
      case Syntax.AssignBlock(String target, List<Statement> body) ->
          scope.names.put(target, captured(body, new Scope(scope, Map.of())));
      case Syntax.Macro macro ->
          scope.names.put(
              macro.name(),
              (Values.Function)
                  (positional, named, line) -> call(macro, scope, positional, named, line));
      case Syntax.Break() -> {
        return Flow.BREAK;
      }
      case Syntax.Continue() -> {
        return Flow.CONTINUE;
      }
    }
    return Flow.ON;
  }

  private void print(String text) {
    Work.spend(text.length(), 0);
    out.append(text);
  }

  private String captured(List<Statement> body, Scope scope) {
    StringBuilder outside = out;
    out = new StringBuilder();
    run(body, scope);
    String text = out.toString();
    out = outside;
    return text;
  }

  private static void assign(List<String> targets, @Nullable Object value, Scope scope, int line) {
    if (targets.size() == 1) {
      scope.names.put(targets.getFirst(), value);
      return;
    }
    List<@Nullable Object> values = Values.elements(value, line);
    if (values.size() != targets.size()) {
      throw new TemplateException(line, values.size() + " values for " + targets.size() + " names");
    }
    for (int i = 0; i < targets.size(); i++) {
      scope.names.put(targets.get(i), values.get(i));
    }
  }

  private void loop(Syntax.For loop, Scope scope) {
    List<@Nullable Object> elements = Values.elements(value(loop.of(), scope), loop.line());
    if (loop.filter() != null) {
      List<@Nullable Object> kept = new ArrayList<>();
      for (Object element : elements) {
        Work.spend(ROUND, loop.line());
        Scope inner = new Scope(scope, Map.of());
        assign(loop.targets(), element, inner, loop.line());
        if (Values.isTrue(value(loop.filter(), inner))) {
          kept.add(element);
        }
      }
      elements = kept;
    }
    if (elements.isEmpty()) {
      run(loop.otherwise(), new Scope(scope, Map.of()));
      return;
    }
    for (int i = 0; i < elements.size(); i++) {
      Work.spend(ROUND, loop.line());
      Scope inner = new Scope(scope, Map.of("loop", position(elements, i)));
      assign(loop.targets(), elements.get(i), inner, loop.line());
      if (run(loop.body(), inner) == Flow.BREAK) {
        return;
      }
    }
  }

  private static Map<String, @Nullable Object> position(List<@Nullable Object> elements, int i) {
    int size = elements.size();
    Map<String, @Nullable Object> loop = new HashMap<>();
    loop.put("index", i + 1L);
    loop.put("index0", (long) i);
    loop.put("revindex", (long) size - i);
    loop.put("revindex0", size - i - 1L);
    loop.put("first", i == 0);
    loop.put("last", i == size - 1);
    loop.put("length", (long) size);
    if (i > 0) {
      loop.put("previtem", elements.get(i - 1));
    }
    if (i < size - 1) {
      loop.put("nextitem", elements.get(i + 1));
    }
    return loop;
  }

  private String call(
      Syntax.Macro macro,
      Scope defined,
      List<@Nullable Object> positional,
      Map<String, @Nullable Object> named,
      int line) {
    if (++calls > MAX_CALLS) {
      throw new TemplateException(line, "macros call each other too deeply");
    }
    if (positional.size() > macro.parameters().size()) {
      throw new TemplateException(line, "too many arguments for the macro " + macro.name());
    }
    Scope inner = new Scope(defined, Map.of());
    Map<String, @Nullable Object> rest = new HashMap<>(named);
    for (int i = 0; i < macro.parameters().size(); i++) {
      Syntax.Parameter parameter = macro.parameters().get(i);
      Object value;
      if (i < positional.size()) {
        value = positional.get(i);
      } else if (rest.containsKey(parameter.name())) {
        value = rest.remove(parameter.name());
      } else if (parameter.preset() != null) {
        value = value(parameter.preset(), inner);
      } else {
        value = new Values.Undefined(parameter.name());
      }
      inner.names.put(parameter.name(), value);
    }
    if (!rest.isEmpty()) {
      throw new TemplateException(
          line,
          "the macro " + macro.name() + " has no parameter " + rest.keySet().iterator().next());
    }
    String text = captured(macro.body(), inner);
    calls--;
    return text;
  }

  private @Nullable Object value(Expression expression, Scope scope) {
    Work.spend(1, 0);
    return switch (expression) {
      case Syntax.Constant(Object value) -> value;
      case Syntax.Name(String name, int line) -> scope.get(name);
      case Syntax.ListOf(List<Expression> elements) -> values(elements, scope);
      case Syntax.MapOf(List<Syntax.Entry> entries, int line) -> {
        Map<Object, @Nullable Object> map = new LinkedHashMap<>();
        for (Syntax.Entry entry : entries) {
          Object key = value(entry.key(), scope);
          if (key == null) {
            throw new TemplateException(line, "none is the key of a mapping");
          }
          Values.requireKey(key, line);
          map.put(key, value(entry.value(), scope));
        }
        yield map;
      }
      case Syntax.Attribute(Expression of, String name, int line) ->
          attribute(value(of, scope), name, line);
      case Syntax.Item(Expression of, Expression key, int line) ->
          Values.item(value(of, scope), value(key, scope), line);
      case Syntax.Slice slice ->
          Values.slice(
              value(slice.of(), scope),
              optional(slice.from(), scope),
              optional(slice.to(), scope),
              optional(slice.step(), scope),
              slice.line());
      case Syntax.Call(Expression function, Arguments arguments, int line) -> {
        Object callee = value(function, scope);
        if (!(callee instanceof Values.Function f)) {
          throw new TemplateException(line, name(function) + " is no function supported here");
        }
        yield f.call(values(arguments.positional(), scope), named(arguments, scope), line);
      }
      case Syntax.Filter(Expression of, String name, Arguments arguments, int line) ->
          Filters.apply(
              name,
              value(of, scope),
              values(arguments.positional(), scope),
              named(arguments, scope),
              line);
      case Syntax.Test(Expression of, String name, List<Expression> arguments, int line) ->
          Predicates.holds(name, value(of, scope), values(arguments, scope), line);
      case Syntax.Not(Expression of) -> !Values.isTrue(value(of, scope));
      case Syntax.Negative(Expression of, int line) -> {
        Object number = value(of, scope);
        yield number instanceof Double d
            ? (Object) (-d)
            : Values.calculate("-", 0L, Values.integer(number, line), line);
      }
      case Syntax.And(Expression left, Expression right) -> {
        Object first = value(left, scope);
        yield Values.isTrue(first) ? value(right, scope) : first;
      }
      case Syntax.Or(Expression left, Expression right) -> {
        Object first = value(left, scope);
        yield Values.isTrue(first) ? first : value(right, scope);
      }
      case Syntax.Comparison comparison -> compare(comparison, scope);
      case Syntax.Arithmetic(String operator, Expression left, Expression right, int line) ->
          Values.calculate(operator, value(left, scope), value(right, scope), line);
      case Syntax.Conditional(Expression then, Expression condition, Expression otherwise) -> {
        if (Values.isTrue(value(condition, scope))) {
          yield value(then, scope);
        }
        yield otherwise == null ? new Values.Undefined("if") : value(otherwise, scope);
      }
    };
  }

  private boolean compare(Syntax.Comparison comparison, Scope scope) {
    Object left = value(comparison.first(), scope);
    for (int i = 0; i < comparison.operators().size(); i++) {
      Object right = value(comparison.rest().get(i), scope);
      if (!Values.compare(left, comparison.operators().get(i), right, comparison.line())) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private @Nullable Object attribute(@Nullable Object of, String name, int line) {
    Values.Function method = Methods.find(of, name);
    return method != null ? method : Values.item(of, name, line);
  }

  private static String name(Expression function) {
    return switch (function) {
      case Syntax.Name(String name, int line) -> "\"" + name + "\"";
      case Syntax.Attribute(Expression of, String name, int line) -> "the method \"" + name + "\"";
      default -> "this value";
    };
  }

  private @Nullable Object optional(@Nullable Expression expression, Scope scope) {
    return expression == null ? null : value(expression, scope);
  }

  private List<@Nullable Object> values(List<Expression> expressions, Scope scope) {
    List<@Nullable Object> values = new ArrayList<>();
    expressions.forEach(expression -> values.add(value(expression, scope)));
    return values;
  }

  private Map<String, @Nullable Object> named(Arguments arguments, Scope scope) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    arguments.named().forEach((name, expression) -> values.put(name, value(expression, scope)));
    return values;
  }
}
