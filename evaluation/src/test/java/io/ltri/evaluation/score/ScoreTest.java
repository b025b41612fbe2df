package io.ltri.evaluation.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import io.ltri.evaluation.task.Match;
import io.ltri.evaluation.task.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ScoreTest {

  /** References are separated by a bar. */
  private static Arguments row(
      Match match, String references, String output, double official, double lenient) {
    return Arguments.of(match, Arrays.asList(references.split("\\|")), output, official, lenient);
  }

  static Stream<Arguments> cases() {
    return Stream.of(
        // RULER, all: share of references contained, case ignored.
        row(Match.ALL, "1234567", " 1234567.", 1, 1),
        row(Match.ALL, "1234567", "The number is 1234567, I think; or 7654321.", 1, 1),
        row(Match.ALL, "1234567", "123456", 0, 0),
        row(Match.ALL, "1234567", "1,234,567", 0, 0),
        row(Match.ALL, "1234567", "12345678", 1, 1),
        row(Match.ALL, "1|2|3|4", "2 and 4", 0.5, 0.5),
        row(Match.ALL, "ABCDE|FGHIJ", "abcde, fghij", 1, 1),
        row(Match.ALL, "ab-CD", "AB-cd", 1, 1),
        row(Match.ALL, "one two", "one\u0000two", 0, 0),
        row(Match.ALL, "one\ntwo", "one\u0007two", 1, 1),
        row(Match.ALL, "x", "\u0001x\u0002", 1, 1),
        // RULER, any.
        row(Match.ANY, "Paris|City of Paris", "It is paris!", 1, 1),
        row(Match.ANY, "Paris|Lyon", "Lille", 0, 0),
        row(Match.ANY, "Paris|Lyon", "Lyon and Paris", 1, 1),
        // En.QA: F1 of words.
        row(Match.WORD_F1, "The Eiffel Tower", "eiffel tower.", 1, 1),
        row(
            Match.WORD_F1,
            "Eiffel Tower",
            "It is a tower",
            2 * (1 / 3.0) * 0.5 / (1 / 3.0 + 0.5),
            0.4),
        row(Match.WORD_F1, "red red blue", "red", 2 * 1.0 * (1 / 3.0) / (1 + 1 / 3.0), 0.5),
        row(Match.WORD_F1, "red blue", "red red", 0.5, 0.5),
        row(Match.WORD_F1, "nothing|Anna", "Anna", 1, 1),
        row(
            Match.WORD_F1,
            "Anna",
            "I am quite sure that it is Anna Smith",
            2 * (1 / 9.0) / (1 / 9.0 + 1),
            1),
        row(Match.WORD_F1, "Ann", "Anna", 0, 0),
        row(Match.WORD_F1, "the", "the", 0, 0),
        row(Match.WORD_F1, "don't", "dont", 1, 1),
        // Zh.QA: F1 of characters.
        row(Match.CHARACTER_F1, "北京", "北京。", 1, 1),
        row(Match.CHARACTER_F1, "北京", "南京", 0.5, 0.5),
        row(Match.CHARACTER_F1, "北京", "我认为，是北京！", 2 * (2 / 6.0) / (2 / 6.0 + 1), 1),
        row(Match.CHARACTER_F1, "A b", "aB", 1, 1),
        row(Match.CHARACTER_F1, "北京|上海", "上海", 1, 1),
        // En.MC.
        row(Match.OPTION_LETTER, "a red door|B", "B", 1, 1),
        row(Match.OPTION_LETTER, "a red door|B", " B. a red door", 1, 1),
        row(Match.OPTION_LETTER, "a red door|B", "C", 0, 0),
        row(Match.OPTION_LETTER, "a red door|B", "b", 0, 0),
        row(Match.OPTION_LETTER, "a red door|B", "The answer is B", 1, 1),
        row(Match.OPTION_LETTER, "a red door|B", "The answer is: B.", 1, 1),
        row(Match.OPTION_LETTER, "a red door|B", "the right option is C. Not B.", 0, 0),
        row(Match.OPTION_LETTER, "a red door|B", "the answer is a red door", 1, 1),
        row(Match.OPTION_LETTER, "a red door|B", "I would take B , for sure", 1, 1),
        row(Match.OPTION_LETTER, "a red door|B", "It was (B)", 0, 1),
        row(Match.OPTION_LETTER, "a red door|B", "It was A Red Door.", 0, 1),
        row(Match.OPTION_LETTER, "a red door|B", "A red door, so B", 0, 1),
        row(Match.OPTION_LETTER, "a red door|B", "the answer is", 0, 0),
        row(Match.OPTION_LETTER, "a red door|B", "Don't know", 0, 0),
        row(Match.OPTION_LETTER, "x|A", "Apples", 1, 1),
        // Code.Debug: the official scorer wants a mark behind the letter, or a phrase before it.
        row(Match.DEBUG_OPTION, "load_it|C", "C. load_it", 1, 1),
        row(Match.DEBUG_OPTION, "load_it|C", "C:", 1, 1),
        row(Match.DEBUG_OPTION, "load_it|C", "C", 0, 1),
        row(Match.DEBUG_OPTION, "load_it|C", " C\n", 0, 1),
        row(Match.DEBUG_OPTION, "load_it|C", "The answer is: C", 1, 1),
        row(Match.DEBUG_OPTION, "load_it|C", "The answer is: `load_it`", 1, 1),
        row(Match.DEBUG_OPTION, "load_it|C", "The answer is:C", 0, 1),
        row(Match.DEBUG_OPTION, "load_it|C", "The answer is: A", 0, 0),
        row(Match.DEBUG_OPTION, "load_it|C", "The answer is:", 0, 0),
        row(Match.DEBUG_OPTION, "load_it|C", "reload_items", 0, 0),
        row(Match.DEBUG_OPTION, "load_it|C", "B", 0, 0),
        // En.Dia.
        row(Match.NAME, "ANNA", "anna.", 1, 1),
        row(Match.NAME, "ANNA", "\"Anna\": of course", 1, 1),
        row(Match.NAME, "ANNA", "Joanna", 0, 0),
        row(Match.NAME, "DR. ANNA", "It is Dr. Anna", 0, 1),
        row(Match.NAME, "ANNA|ANN", "Ann", 0, 1),
        row(Match.NAME, "ANNA", "(Anna)", 0, 1),
        // Retrieve.KV.
        row(Match.WORD, "ab12-cd", "\"ab12-cd\"}", 1, 1),
        row(Match.WORD, "ab12-cd", "ab12-cd-ef", 0, 1),
        row(Match.WORD, "ab12-cd", "AB12-CD", 0, 1),
        row(Match.WORD, "ab12-cd", "xab12-cdx", 0, 0),
        // Code.Run.
        row(Match.LAST_INTEGER, "-7", "-7", 1, 1),
        row(Match.LAST_INTEGER, "-7", "The value is: -7.", 1, 1),
        row(Match.LAST_INTEGER, "-7", "7", 0, 0),
        row(Match.LAST_INTEGER, "7", "7 (seven)", 0, 1),
        row(Match.LAST_INTEGER, "7", "7 or 8", 0, 0),
        row(Match.LAST_INTEGER, "7", "+7", 1, 1),
        row(Match.LAST_INTEGER, "7", "seven", 0, 0),
        // Math.Calc.
        row(Match.INTEGER_PREFIX, "3|5|9|2", "[3, 5, 9, 2]", 1, 1),
        row(Match.INTEGER_PREFIX, "3|5|9|2", "3 5 8 2", 0.5, 0.5),
        row(Match.INTEGER_PREFIX, "3|5|9|2", "5, 3", 0, 0),
        row(Match.INTEGER_PREFIX, "3|5|9|2", "3, 5, 9, 2, 11, 12", 1, 1),
        row(Match.INTEGER_PREFIX, "-3", "-3", 0, 0),
        // Math.Find.
        row(Match.FIRST_NUMBER, "94", "94", 1, 1),
        row(Match.FIRST_NUMBER, "94", " is 94, not 95", 1, 1),
        row(Match.FIRST_NUMBER, "94", "95 94", 0, 0),
        row(Match.FIRST_NUMBER, "94", "94.5", 0, 0),
        row(Match.FIRST_NUMBER, "94", "94.0", 0, 1),
        row(Match.FIRST_NUMBER, "94", "-94", 1, 1),
        row(Match.FIRST_NUMBER, "-94", "-94", 0, 1),
        row(Match.FIRST_NUMBER, "2.5", "2.50", 1, 1),
        row(Match.FIRST_NUMBER, "2.5", "2", 0, 0),
        row(Match.FIRST_NUMBER, "94", "none", 0, 0),
        // Retrieve.PassKey and Retrieve.Number.
        row(Match.FIRST_DIGITS, "71432", " 71432. Remember", 1, 1),
        row(Match.FIRST_DIGITS, "71432", "The 1 key is 71432", 0, 1),
        row(Match.FIRST_DIGITS, "71432", "7143", 0, 0),
        row(Match.FIRST_DIGITS, "0071", "71", 0, 0),
        row(Match.FIRST_DIGITS, "0071", "0071", 1, 1));
  }

  @ParameterizedTest(name = "{0} {1} {2}")
  @MethodSource("cases")
  void outputsAreScoredByHandMadeCases(
      Match match, List<String> references, String output, double official, double lenient) {
    Score score = Score.of(match, output, references);
    assertThat(score.official()).isCloseTo(official, offset(1e-12));
    assertThat(score.lenient()).isCloseTo(lenient, offset(1e-12));
  }

  @ParameterizedTest
  @EnumSource(Match.class)
  void emptyAndBlankOutputsAreWorthNothing(Match match) {
    List<String> references =
        match == Match.OPTION_LETTER || match == Match.DEBUG_OPTION
            ? List.of("12", "A")
            : List.of("12");
    for (String output : List.of("", " ", "\n", "\u0000", ". . .", "\t\t")) {
      assertThat(Score.of(match, output, references)).isEqualTo(new Score(0, 0));
    }
  }

  /** Expected: rouge_score 0.1.2, RougeScorer(["rougeLsum"], use_stemmer=False), fmeasure. */
  @Test
  void rougeLsumAgreesWithThePythonPackage() {
    assertRouge("The cat sat on the mat.", "the cat sat on the mat", 1.0);
    assertRouge("The cat sat.\nThe dog ran away.", "The dog ran.\nA cat sat.", 0.7692307692307692);
    assertRouge("w1 w2 w3 w4 w5", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", 0.5333333333333333);
    assertRouge("a b a b a", "a a a", 0.7499999999999999);
    assertRouge("police killed the gunman", "the gunman killed police", 0.5);
    assertRouge("x y", "z", 0.0);
    assertRouge("It's a well-known fact: 42!", "its a well known fact 42", 0.7692307692307692);
    assertRouge("the a the a\nthe b", "the the b a\n\na the", 1.0);
    assertRouge(
        "police ended the gunman the end", "gunman the end police ended", 0.5454545454545454);
  }

  private static void assertRouge(String reference, String output, double expected) {
    assertThat(Score.of(Match.ROUGE_LSUM, output, List.of(reference)).official())
        .isCloseTo(expected, offset(1e-12));
    assertThat(Score.of(Match.ROUGE_LSUM, output, List.of("no such thing", reference)).official())
        .isCloseTo(expected, offset(1e-12));
  }

  @Test
  void sampleIsScoredAsItSays() {
    Sample sample =
        new Sample(
            "t", "t-1", 10, Sample.NO_DEPTH, 1, "d", "q", "", List.of("1", "2"), Match.ALL, 5);
    assertThat(Score.of(sample, "only 2").official()).isEqualTo(0.5);
  }
}
