package io.ltri.evaluation.task;

import io.ltri.evaluation.text.Draw;
import io.ltri.evaluation.text.Noise;
import java.util.ArrayList;
import java.util.List;

/**
 * Passkey and number retrieval in the manner of InfiniteBench: one line in noise gives a pass key
 * of 5 digits, or a number of 10 digits with runs of repeats. For InfiniteBench's own files see
 * {@link InfiniteBench}.
 */
public final class Passkey extends SizedTask {
  private static final int KEY_DIGITS = 5;
  private static final int NUMBER_DIGITS = 10;
  private static final int KEY_MAX_TOKENS = 15;
  private static final int NUMBER_MAX_TOKENS = 20;

  private final boolean number;

  private Passkey(boolean number, TokenCounter tokens, int overhead) {
    super(
        number ? "number" : "passkey",
        tokens,
        overhead,
        Match.ALL,
        number ? NUMBER_MAX_TOKENS : KEY_MAX_TOKENS);
    this.number = number;
  }

  /** The task {@code passkey}. */
  public static Task passkey(TokenCounter tokens, int overhead) {
    return new Passkey(false, tokens, overhead);
  }

  /** The task {@code number}. */
  public static Task number(TokenCounter tokens, int overhead) {
    return new Passkey(true, tokens, overhead);
  }

  /** {@inheritDoc} Without a wanted depth one is drawn, evenly from 0 to 100. */
  @Override
  public Sample sample(int length, double depth, long seed) {
    double at =
        depth == Sample.NO_DEPTH ? Draw.of(name() + " depth", length, seed).below(101) : depth;
    if (!(at >= 0 && at <= 100)) {
      throw new IllegalArgumentException("a depth is 0 to 100 per cent, not " + depth);
    }
    return fit(length, depth, seed, 5, 1 << 24, size -> draft(size, length, at, seed));
  }

  private Draft draft(int sentences, int length, double depth, long seed) {
    Draw draw = Draw.of(name(), length, Double.doubleToLongBits(depth), seed);
    String value = number ? runs(draw) : draw.digits(KEY_DIGITS);
    String what = number ? "sequence of digits" : "pass key";
    List<String> lines = new ArrayList<>(Noise.lines(sentences));
    lines.add(
        (int) (lines.size() * depth / 100),
        "The %s is %s. Keep it in mind: %s is the %s.".formatted(what, value, value, what));
    return new Draft(
        "Much of this text does not matter, but one important piece of information is hidden in it."
            + " Find it and memorise it.\n"
            + String.join("\n", lines),
        "What is the %s?".formatted(what),
        "The %s is".formatted(what),
        List.of(value),
        depth);
  }

  /** Ten digits in runs of one to four; neighbouring runs differ. */
  private static String runs(Draw draw) {
    StringBuilder text = new StringBuilder();
    String last = "";
    while (text.length() < NUMBER_DIGITS) {
      String before = last;
      last = Draw.until(() -> draw.digits(1), digit -> !digit.equals(before));
      text.append(last.repeat(Math.min(1 + draw.below(4), NUMBER_DIGITS - text.length())));
    }
    return text.toString();
  }
}
