package io.ltri.evaluation.task;

import io.ltri.evaluation.text.Draw;
import io.ltri.evaluation.text.Haystack;
import io.ltri.evaluation.text.Haystack.Passage;
import io.ltri.evaluation.text.Words;
import java.util.List;

/**
 * A needle in a haystack over a grid of lengths and depths, in the manner of gkamradt's test: one
 * sentence with the "special magic" number of a city, 7 digits, in prose. It is put at the wanted
 * share of the words and moved back to just after a sentence end. Depth 0 is before the first
 * sentence, where a sink holds it; depth 100 behind the last, where the window holds it: report
 * both apart. The document is nothing but prose and needle.
 */
public final class NeedleGrid extends SizedTask {
  /** The task's name. */
  public static final String NAME = "niah";

  private static final int MAX_TOKENS = 32;
  private static final int DIGITS = 7;

  private final Haystack haystack;

  /** A grid over this haystack. */
  public NeedleGrid(Haystack haystack, TokenCounter tokens, int overhead) {
    super(NAME, tokens, overhead, Match.ALL, MAX_TOKENS);
    this.haystack = haystack;
  }

  /** {@inheritDoc} Without a wanted depth one is drawn, evenly from 0 to 100. */
  @Override
  public Sample sample(int length, double depth, long seed) {
    Draw places = Draw.of(NAME + " depth", length, seed);
    double at = depth == Sample.NO_DEPTH ? places.below(101) : depth;
    if (!(at >= 0 && at <= 100)) {
      throw new IllegalArgumentException("a depth is 0 to 100 per cent, not " + depth);
    }
    Draw draw = Draw.of(NAME, length, Double.doubleToLongBits(at), seed);
    String city = Draw.until(() -> draw.oneOf(Words.cities()), name -> !haystack.contains(name));
    String number = Draw.until(() -> draw.digits(DIGITS), digits -> !haystack.contains(digits));
    int first = draw.below(haystack.sentences().size());
    return fit(
        length,
        depth,
        seed,
        8,
        1 << 24,
        size -> draft(haystack.passage(first, size), at, city, number));
  }

  private static Draft draft(Passage passage, double depth, String city, String number) {
    String needle = "The special magic number of %s is %s.".formatted(city, number);
    return new Draft(
        Prose.with(passage, List.of(new Prose.Insert(passage.sentencesBefore(depth), needle))),
        "What is the special magic number of %s? Answer briefly, from the text alone."
            .formatted(city),
        "The special magic number of %s is".formatted(city),
        List.of(number),
        depth,
        passage.repeats());
  }
}
