package io.ltri.evaluation.task;

import io.ltri.evaluation.text.Draw;
import io.ltri.evaluation.text.Haystack;
import io.ltri.evaluation.text.Haystack.Passage;
import io.ltri.evaluation.text.Noise;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * RULER's needles in a haystack (arXiv 2404.06654): sentences that give a "special magic" value for
 * a key, hidden in prose, in noise, or among other such sentences. In prose they stand behind the
 * sentence at {@code floor(sentences * depth / 100)}, depths drawn without repetition from 40
 * equally spaced ones between 0 and 100; in noise and among needles, before a drawn line. A wanted
 * depth is ignored; with a single needle the sample tells the drawn one.
 *
 * <p>Two things differ from the original: the wording is ours, and prose begins at a drawn sentence
 * instead of always the first, so that samples share less text.
 */
public final class RulerNeedles extends SizedTask {
  private static final int MAX_TOKENS = 128;
  private static final int NUMBER_DIGITS = 7;
  private static final List<Integer> DEPTHS =
      IntStream.range(0, 40).mapToObj(i -> (int) Math.rint(i * 100.0 / 39)).toList();

  private enum Stack {
    NOISE,
    PROSE,
    NEEDLES
  }

  private enum Kind {
    WORDS(""),
    NUMBERS("number"),
    UUIDS("uuid");

    private final String noun;

    Kind(String noun) {
      this.noun = noun;
    }

    Supplier<String> of(Draw draw) {
      return switch (this) {
        case WORDS -> draw::wordKey;
        case NUMBERS -> () -> draw.digits(NUMBER_DIGITS);
        case UUIDS -> draw::uuid;
      };
    }
  }

  /** Keys, values per key and queried keys of a variant; the first keys are the queried ones. */
  private record Shape(Stack stack, Kind key, Kind value, int keys, int values, int queries) {
    boolean asksForOne() {
      return values * queries == 1;
    }

    boolean hasOneNeedle() {
      return keys * values == 1;
    }
  }

  private final Haystack haystack;
  private final Shape shape;

  private RulerNeedles(
      String name, Haystack haystack, TokenCounter tokens, int overhead, Shape shape) {
    super(name, tokens, overhead, Match.ALL, MAX_TOKENS);
    this.haystack = haystack;
    this.shape = shape;
  }

  /**
   * The eight variants: niah_single_1 to _3, niah_multikey_1 to _3, niah_multivalue,
   * niah_multiquery.
   */
  public static List<Task> all(Haystack haystack, TokenCounter tokens, int overhead) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("niah_single_1", new Shape(Stack.NOISE, Kind.WORDS, Kind.NUMBERS, 1, 1, 1));
    shapes.put("niah_single_2", new Shape(Stack.PROSE, Kind.WORDS, Kind.NUMBERS, 1, 1, 1));
    shapes.put("niah_single_3", new Shape(Stack.PROSE, Kind.WORDS, Kind.UUIDS, 1, 1, 1));
    shapes.put("niah_multikey_1", new Shape(Stack.PROSE, Kind.WORDS, Kind.NUMBERS, 4, 1, 1));
    shapes.put("niah_multikey_2", new Shape(Stack.NEEDLES, Kind.WORDS, Kind.NUMBERS, 1, 1, 1));
    shapes.put("niah_multikey_3", new Shape(Stack.NEEDLES, Kind.UUIDS, Kind.UUIDS, 1, 1, 1));
    shapes.put("niah_multivalue", new Shape(Stack.PROSE, Kind.WORDS, Kind.NUMBERS, 1, 4, 1));
    shapes.put("niah_multiquery", new Shape(Stack.PROSE, Kind.WORDS, Kind.NUMBERS, 4, 1, 4));
    List<Task> tasks = new ArrayList<>();
    shapes.forEach(
        (name, shape) -> tasks.add(new RulerNeedles(name, haystack, tokens, overhead, shape)));
    return List.copyOf(tasks);
  }

  /**
   * What is hidden: keys, the values of each key in turn, and a sentence per value in drawn order.
   */
  private record Secrets(List<String> keys, List<String> values, List<String> needles) {}

  @Override
  public Sample sample(int length, double depth, long seed) {
    Secrets secrets = secrets(Draw.of(name(), length, seed));
    return fit(
        length, Sample.NO_DEPTH, seed, 8, 1 << 24, size -> draft(size, length, seed, secrets));
  }

  private Secrets secrets(Draw draw) {
    Predicate<String> fresh =
        shape.stack() == Stack.PROSE ? text -> !haystack.contains(text) : text -> true;
    List<String> keys = Draw.distinct(shape.keys(), shape.key().of(draw), fresh);
    List<String> values =
        Draw.distinct(shape.keys() * shape.values(), shape.value().of(draw), fresh);
    List<String> needles = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      needles.add(needle(keys.get(i / shape.values()), values.get(i)));
    }
    return new Secrets(keys, values, draw.shuffled(needles));
  }

  private Draft draft(int size, int length, long seed, Secrets secrets) {
    // Drawn anew for each size, so that the sample depends on nothing but its arguments.
    Draw draw = Draw.of(name() + " places", length, seed);
    List<String> keys = secrets.keys();
    List<String> values = secrets.values();
    Hidden hidden =
        switch (shape.stack()) {
          case PROSE -> inProse(draw, secrets.needles(), size);
          case NOISE -> amongLines(draw, secrets.needles(), Noise.lines(size));
          case NEEDLES -> amongLines(draw, secrets.needles(), others(draw, size, keys, values));
        };
    String query = Phrases.listed(keys.subList(0, shape.queries()));
    List<String> references = values.subList(0, shape.queries() * shape.values());
    String noun = shape.value().noun;
    if (shape.asksForOne()) {
      return new Draft(
          ("The text below hides a special magic %s. Memorise it: you will be asked for the %s"
                  + " afterwards.\n%s")
              .formatted(noun, noun, hidden.text()),
          "What is the special magic %s for %s that the text names?".formatted(noun, query),
          "The special magic %s for %s that the text names is".formatted(noun, query),
          references,
          shape.hasOneNeedle() ? hidden.depth() : Sample.NO_DEPTH,
          hidden.repeats());
    }
    return new Draft(
        ("The text below hides special magic %ss. Memorise them: you will be asked for the %ss"
                + " afterwards.\n%s")
            .formatted(noun, noun, hidden.text()),
        "What are all the special magic %ss for %s that the text names?".formatted(noun, query),
        "The special magic %ss for %s that the text names are".formatted(noun, query),
        references,
        Sample.NO_DEPTH,
        hidden.repeats());
  }

  private String needle(String key, String value) {
    return "One special magic %s for %s is %s.".formatted(shape.value().noun, key, value);
  }

  /** The haystack of needles: other keys with other values. */
  private List<String> others(Draw draw, int count, List<String> keys, List<String> values) {
    List<String> lines = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      String key = Draw.until(shape.key().of(draw), candidate -> !keys.contains(candidate));
      String value = Draw.until(shape.value().of(draw), candidate -> !values.contains(candidate));
      lines.add(needle(key, value));
    }
    return lines;
  }

  /** A text with its needles, and the depth of the first of them. */
  private record Hidden(String text, double depth, boolean repeats) {}

  private Hidden inProse(Draw draw, List<String> needles, int words) {
    Passage passage = haystack.passage(draw.below(haystack.sentences().size()), words);
    int count = passage.sentences().size();
    List<Integer> depths = draw.someOf(DEPTHS, needles.size()).stream().sorted().toList();
    List<String> parts = new ArrayList<>(count + needles.size());
    int next = 0;
    for (int i = 0; i <= count; i++) {
      while (next < needles.size() && (int) (count * (depths.get(next) / 100.0)) == i) {
        parts.add(needles.get(next++));
      }
      if (i < count) {
        parts.add(passage.sentences().get(i).text());
      }
    }
    return new Hidden(String.join(" ", parts), depths.getFirst(), passage.repeats());
  }

  private static Hidden amongLines(Draw draw, List<String> needles, List<String> lines) {
    TreeMap<Integer, String> places = new TreeMap<>();
    List<Integer> drawn =
        draw.someOf(IntStream.range(0, lines.size()).boxed().toList(), needles.size());
    for (int i = 0; i < needles.size(); i++) {
      places.put(drawn.get(i), needles.get(i));
    }
    List<String> parts = new ArrayList<>(lines.size() + needles.size());
    for (int i = 0; i < lines.size(); i++) {
      String needle = places.get(i);
      if (needle != null) {
        parts.add(needle);
      }
      parts.add(lines.get(i));
    }
    return new Hidden(String.join("\n", parts), 100.0 * places.firstKey() / lines.size(), false);
  }
}
