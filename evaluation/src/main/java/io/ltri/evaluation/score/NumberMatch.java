package io.ltri.evaluation.score;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** InfiniteBench's comparisons of numbers. References are numbers in decimal digits. */
final class NumberMatch {
  private static final Pattern DIGITS = Pattern.compile("[0-9]+");
  private static final Pattern NUMBER = Pattern.compile("[0-9]+\\.[0-9]+|[0-9]+");
  private static final Pattern SIGNED = Pattern.compile("-?[0-9]+(?:\\.[0-9]+)?");
  private static final Pattern SIGNED_INTEGER = Pattern.compile("-?[0-9]+");
  private static final Pattern INTEGER = Pattern.compile("[+-]?[0-9]+");
  private static final Pattern QUOTES = Pattern.compile("[\\n.`'\":]");

  private NumberMatch() {}

  /** PassKey and Number: the first run of digits is the reference, digit by digit. */
  static boolean firstDigits(String output, List<String> references) {
    Matcher matcher = DIGITS.matcher(output);
    return matcher.find() && matcher.group().equals(references.getFirst());
  }

  /**
   * Math.Find: the first number, its sign ignored, is the reference. Where the reference is an
   * integer, a number with a fraction is wrong (the official scorer ends there with an error).
   */
  static boolean firstNumber(String output, List<String> references) {
    Matcher matcher = NUMBER.matcher(output);
    if (!matcher.find()) {
      return false;
    }
    String reference = references.getFirst();
    if (INTEGER.matcher(reference).matches()) {
      return DIGITS.matcher(matcher.group()).matches()
          && new BigInteger(matcher.group()).equals(new BigInteger(reference));
    }
    return Double.parseDouble(matcher.group()) == Double.parseDouble(reference);
  }

  /** The first number, sign and all, has the reference's value: 3.0 is 3. */
  static boolean firstSigned(String output, List<String> references) {
    Matcher matcher = SIGNED.matcher(output);
    return matcher.find()
        && new BigDecimal(matcher.group()).compareTo(new BigDecimal(references.getFirst())) == 0;
  }

  /** Code.Run: the last word of the output is the reference. */
  static boolean lastWord(String output, List<String> references) {
    String[] words = QUOTES.matcher(output).replaceAll(" ").strip().split("\\s+");
    String last = words[words.length - 1];
    return INTEGER.matcher(last).matches()
        && new BigInteger(last).equals(new BigInteger(references.getFirst()));
  }

  /** The last integer that stands anywhere in the output is the reference. */
  static boolean lastInteger(String output, List<String> references) {
    BigInteger wanted = new BigInteger(references.getFirst());
    return SIGNED_INTEGER
        .matcher(output)
        .results()
        .map(MatchResult::group)
        .reduce((before, after) -> after)
        .filter(last -> new BigInteger(last).equals(wanted))
        .isPresent();
  }

  /**
   * Math.Calc: how many references the numbers of the output begin with, one by one, as a share of
   * all references. Signs are ignored in the output, so a negative reference is never met.
   */
  static double prefix(String output, List<String> references) {
    List<BigInteger> said =
        DIGITS.matcher(output).results().map(result -> new BigInteger(result.group())).toList();
    int right = 0;
    while (right < references.size()
        && right < said.size()
        && said.get(right).equals(new BigInteger(references.get(right)))) {
      right++;
    }
    return (double) right / references.size();
  }
}
