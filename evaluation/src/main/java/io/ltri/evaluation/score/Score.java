package io.ltri.evaluation.score;

import io.ltri.evaluation.task.Match;
import io.ltri.evaluation.task.Sample;
import java.util.List;

/**
 * What an output is worth, 0 to 1.
 *
 * @param official as the benchmark's own scorer has it
 * @param lenient as a reader would have it who does not mind the form; at least the official score,
 *     and equal to it where the official scorer is not brittle
 */
public record Score(double official, double lenient) {

  /** Scores an output of the model for a sample; the output does not include the answer prefix. */
  public static Score of(Sample sample, String output) {
    return of(sample.match(), output, sample.references());
  }

  /**
   * Scores an output.
   *
   * @param references as {@link Match} says, at least one
   */
  public static Score of(Match match, String output, List<String> references) {
    double official =
        switch (match) {
          case ALL -> StringMatch.all(output, references);
          case ANY -> StringMatch.any(output, references);
          case ROUGE_LSUM -> RougeLsum.best(output, references);
          case WORD_F1 -> OverlapF1.words(output, references);
          case CHARACTER_F1 -> OverlapF1.characters(output, references);
          case OPTION_LETTER -> toScore(OptionMatch.letter(output, references));
          case DEBUG_OPTION -> toScore(OptionMatch.debug(output, references));
          case NAME -> toScore(WordMatch.name(output, references));
          case WORD -> toScore(WordMatch.word(output, references));
          case LAST_INTEGER -> toScore(NumberMatch.lastWord(output, references));
          case INTEGER_PREFIX -> NumberMatch.prefix(output, references);
          case FIRST_NUMBER -> toScore(NumberMatch.firstNumber(output, references));
          case FIRST_DIGITS -> toScore(NumberMatch.firstDigits(output, references));
        };
    double lenient =
        switch (match) {
          case ALL, ANY, ROUGE_LSUM, INTEGER_PREFIX -> official;
          case WORD_F1 -> toScore(OverlapF1.containsWords(output, references));
          case CHARACTER_F1 -> toScore(OverlapF1.containsCharacters(output, references));
          case OPTION_LETTER, DEBUG_OPTION -> toScore(OptionMatch.lenient(output, references));
          case NAME, WORD -> toScore(WordMatch.contained(output, references));
          case LAST_INTEGER -> toScore(NumberMatch.lastInteger(output, references));
          case FIRST_NUMBER -> toScore(NumberMatch.firstSigned(output, references));
          case FIRST_DIGITS -> StringMatch.any(output, references);
        };
    return new Score(official, Math.max(official, lenient));
  }

  private static double toScore(boolean right) {
    return right ? 1 : 0;
  }
}
