package io.ltri.evaluation.task;

import io.ltri.evaluation.text.Draw;
import io.ltri.evaluation.text.Noise;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * RULER's variable tracking: in noise, a variable of five capital letters gets a number of five
 * digits, and four more each copy the one before; the question asks for all that hold the number. A
 * short solved example stands in front, of other names and another number, drawn for each sample.
 */
public final class VariableTracking extends SizedTask {
  /** The task's name. */
  public static final String NAME = "vt";

  private static final int MAX_TOKENS = 30;
  private static final int HOPS = 4;
  private static final int EXAMPLE_TOKENS = 500;

  /** Noise with a chain in it. */
  private record Chain(List<String> names, String value, String text) {
    String question() {
      return "Which variables hold the value %s in the text above? Follow the assignments and name all of them."
          .formatted(value);
    }

    String answerPrefix() {
      return "Following the assignments, %d variables hold the value %s:"
          .formatted(names.size(), value);
    }
  }

  /** Variable tracking with one chain of four hops. */
  public VariableTracking(TokenCounter tokens, int overhead) {
    super(NAME, tokens, overhead, Match.ALL, MAX_TOKENS);
  }

  /** {@inheritDoc} The depth is ignored: the assignments stand at drawn places, in order. */
  @Override
  public Sample sample(int length, double depth, long seed) {
    String example = example(length, seed);
    return fit(
        length,
        Sample.NO_DEPTH,
        seed,
        5 * (HOPS + 1),
        1 << 24,
        size -> draft(size, length, seed, example));
  }

  private Draft draft(int sentences, int length, long seed, String example) {
    Draw draw = Draw.of(NAME, length, seed);
    Chain chain = chain(draw, sentences, example);
    return new Draft(
        "In the text below, variables get their values by assignments that are hidden in it. Follow and"
            + " memorise them.\n\nAn example:\n"
            + example
            + "\n\nNow the text:\n"
            + chain.text(),
        chain.question(),
        chain.answerPrefix(),
        chain.names(),
        Sample.NO_DEPTH);
  }

  /** The largest solved example that has at most 500 tokens, or a quarter of a short sample. */
  private String example(int length, long seed) {
    int most = Math.min(EXAMPLE_TOKENS, length / 4);
    int sentences = 5 * (HOPS + 1);
    String best = solved(sentences, seed, length);
    while (true) {
      sentences += Noise.SENTENCES.size();
      String larger = solved(sentences, seed, length);
      if (count(larger) > most) {
        return best;
      }
      best = larger;
    }
  }

  private static String solved(int sentences, long seed, int length) {
    Chain chain = chain(Draw.of(NAME + " example", length, seed), sentences, "");
    return "%s\nQuestion: %s\nAnswer: %s %s"
        .formatted(
            chain.text(), chain.question(), chain.answerPrefix(), Phrases.listed(chain.names()));
  }

  /** A chain whose names and number do not stand in the text given. */
  private static Chain chain(Draw draw, int sentences, String other) {
    List<String> names =
        Draw.distinct(HOPS + 1, () -> draw.letters(5, 'A', 'Z'), name -> !other.contains(name));
    String value = Draw.until(() -> draw.digits(5), digits -> !other.contains(digits));
    List<String> noise = Noise.lines(sentences);
    List<Integer> places =
        draw.someOf(IntStream.range(0, noise.size()).boxed().toList(), names.size()).stream()
            .sorted()
            .toList();
    List<String> lines = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < noise.size(); i++) {
      if (next < places.size() && places.get(next) == i) {
        String source = next == 0 ? value : "VAR " + names.get(next - 1);
        lines.add("VAR %s = %s.".formatted(names.get(next), source));
        next++;
      }
      lines.add(noise.get(i));
    }
    return new Chain(names, value, String.join("\n", lines));
  }
}
