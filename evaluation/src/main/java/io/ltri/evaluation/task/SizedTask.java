package io.ltri.evaluation.task;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.function.IntFunction;

/**
 * A task whose samples have a number of equal parts (words, lines), found so that the length fits.
 */
abstract class SizedTask implements Task {
  /** A draft this close below the wanted length, as a share of it, is not grown further. */
  private static final double CLOSE_ENOUGH = 0.002;

  private static final Logger LOG = System.getLogger(SizedTask.class.getName());

  private final String name;
  private final TokenCounter tokens;
  private final int overhead;
  private final Match match;
  private final int maxTokens;

  /**
   * @param overhead tokens of the chat template around document, question and answer prefix
   * @param maxTokens tokens that the model may generate
   */
  SizedTask(String name, TokenCounter tokens, int overhead, Match match, int maxTokens) {
    if (overhead < 0) {
      throw new IllegalArgumentException(
          "the overhead of a template is at least 0 tokens, not " + overhead);
    }
    this.name = name;
    this.tokens = tokens;
    this.overhead = overhead;
    this.match = match;
    this.maxTokens = maxTokens;
  }

  @Override
  public final String name() {
    return name;
  }

  final int count(String text) {
    return tokens.count(text);
  }

  /** Prompt and generation together, in tokens; parts are counted one by one. */
  final int total(Draft draft) {
    return overhead
        + tokens.count(draft.document())
        + tokens.count(draft.question())
        + tokens.count(draft.answerPrefix())
        + maxTokens;
  }

  /**
   * The largest draft that fits: the size is doubled until it fits no longer, then the gap is
   * closed by binary search, each step aimed by the tokens per part.
   *
   * @param least the smallest size that makes sense
   * @param most the largest size that can be made
   * @param make draft of a size; must not depend on other calls
   */
  final Sample fit(
      int length, double depth, long seed, int least, int most, IntFunction<Draft> make) {
    return sample(length, depth, seed, largest(length, least, most, make));
  }

  /** The draft that {@link #fit} makes a sample of. */
  final Draft largest(int length, int least, int most, IntFunction<Draft> make) {
    int low = least;
    Draft best = make.apply(low);
    int lowTotal = total(best);
    if (lowTotal > length) {
      throw new IllegalArgumentException(
          "%d tokens are too few for %s: its smallest sample has %d"
              .formatted(length, name, lowTotal));
    }
    int high = most;
    int highTotal = -1;
    int probe = least;
    while (probe < most) {
      probe = (int) Math.min(most, Math.max(16, probe * 2L));
      Draft draft = make.apply(probe);
      int total = total(draft);
      if (total > length) {
        high = probe;
        highTotal = total;
        break;
      }
      best = draft;
      low = probe;
      lowTotal = total;
    }
    boolean aimed = true;
    while (highTotal >= 0 && high - low > 1 && length - lowTotal > length * CLOSE_ENOUGH) {
      int middle = low + (high - low) / 2;
      if (aimed) {
        double share = (double) (length - lowTotal) / (highTotal - lowTotal);
        middle = Math.clamp((int) (low + share * (high - low)), low + 1, high - 1);
      }
      aimed = !aimed;
      Draft draft = make.apply(middle);
      int total = total(draft);
      if (total <= length) {
        best = draft;
        low = middle;
        lowTotal = total;
      } else {
        high = middle;
        highTotal = total;
      }
    }
    if (best.repeats()) {
      LOG.log(
          Level.WARNING,
          "the haystack is too short for {0} at {1,number,#} tokens and repeats itself: give a longer text",
          name,
          length);
    }
    return best;
  }

  /**
   * A sample of a draft.
   *
   * @param depth the one that was asked for
   */
  final Sample sample(int length, double depth, long seed, Draft draft) {
    String at = depth == Sample.NO_DEPTH ? "" : "-d" + trimmed(depth);
    return new Sample(
        name,
        "%s-%d%s-s%d".formatted(name, length, at, seed),
        length,
        draft.depth(),
        seed,
        draft.document(),
        draft.question(),
        draft.answerPrefix(),
        draft.references(),
        match,
        maxTokens);
  }

  /** 50.0 as 50. */
  private static String trimmed(double depth) {
    return depth == Math.rint(depth) ? Integer.toString((int) depth) : Double.toString(depth);
  }
}
