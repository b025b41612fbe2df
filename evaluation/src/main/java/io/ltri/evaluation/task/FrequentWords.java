package io.ltri.evaluation.task;

import io.ltri.evaluation.text.Draw;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * RULER's frequent words: words of six lower-case letters in drawn order, as often as a zeta
 * distribution says: the word of rank k comes {@code floor(n k^-a / zeta(a))} times, a = 2. The
 * vocabulary has a word per 50 tokens of length. Three dots take the place of rank 1 and are to be
 * ignored; the answer is the next three.
 */
public final class FrequentWords extends SizedTask {
  /** The task's name. */
  public static final String NAME = "fwe";

  private static final int MAX_TOKENS = 50;
  private static final int LETTERS = 6;
  private static final int TOKENS_PER_WORD = 50;
  private static final int ASKED = 3;
  private static final String IGNORED = "...";

  /** zeta(2), the sum of 1/k^2. */
  private static final double ZETA = Math.PI * Math.PI / 6;

  /** With fewer words the ranks behind the third have as many as the third. */
  private static final int LEAST = 200;

  /** Frequent made-up words. */
  public FrequentWords(TokenCounter tokens, int overhead) {
    super(NAME, tokens, overhead, Match.ALL, MAX_TOKENS);
  }

  /** {@inheritDoc} The depth is ignored: frequent words stand everywhere. */
  @Override
  public Sample sample(int length, double depth, long seed) {
    return fit(length, Sample.NO_DEPTH, seed, LEAST, 1 << 24, size -> draft(size, length, seed));
  }

  private static Draft draft(int count, int length, long seed) {
    Draw draw = Draw.of(NAME, length, seed);
    int ranks = Math.max(length / TOKENS_PER_WORD, ASKED + 2);
    List<String> vocabulary = new ArrayList<>();
    vocabulary.add(IGNORED);
    vocabulary.addAll(
        Draw.distinct(ranks - 1, () -> draw.letters(LETTERS, 'a', 'z'), word -> true));
    List<String> words = new ArrayList<>();
    for (int rank = 1; rank <= ranks; rank++) {
      int times = (int) (count / ((double) rank * rank) / ZETA);
      words.addAll(Collections.nCopies(times, vocabulary.get(rank - 1)));
    }
    return new Draft(
        "The text below is made of coded words. Count how often each of them comes.\n"
            + String.join(" ", draw.shuffled(words)),
        "Which three coded words come most often in the text above? Ignore the dots \"...\". Name the"
            + " words without any explanation.",
        "The three coded words that come most often are:",
        vocabulary.subList(1, 1 + ASKED),
        Sample.NO_DEPTH);
  }
}
