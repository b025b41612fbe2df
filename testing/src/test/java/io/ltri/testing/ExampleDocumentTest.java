package io.ltri.testing;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.jayway.jsonpath.JsonPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What {@code examples/README.md} promises of the example document and its questions. */
class ExampleDocumentTest {

  /**
   * Byte-level BPE never joins two of these pieces (GPT-2's, digits single), so their number is a
   * lower bound of the number of tokens, whatever the merges are.
   */
  private static final Pattern PIECE =
      Pattern.compile(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

  private static final Path EXAMPLES = examples();

  private final String document = read("harbour-chronicle.txt");
  private final List<Question> questions = questions();

  /**
   * @param depth share of the document's tokens before the sentence
   */
  private record Question(String question, List<String> answers, String sentence, double depth) {}

  @Test
  void documentHasAtLeastTwentyThousandTokens() {
    assertThat(PIECE.matcher(document).results().count()).isGreaterThanOrEqualTo(20_000);
  }

  @Test
  void twentyQuestionsHaveTheirSentenceAndTheirAnswerInTheDocumentOnce() {
    assertThat(questions).hasSize(20);
    String lower = document.toLowerCase(Locale.ROOT);
    for (Question entry : questions) {
      assertThat(occurrences(document, entry.sentence)).as(entry.sentence).isEqualTo(1);
      String first = entry.answers.getFirst();
      assertThat(entry.sentence).contains(first);
      assertThat(occurrences(lower, first.toLowerCase(Locale.ROOT))).as(first).isEqualTo(1);
      for (String answer : entry.answers) {
        String accepted = answer.toLowerCase(Locale.ROOT);
        assertThat(occurrences(lower, accepted)).as(accepted).isLessThanOrEqualTo(1);
        assertThat(entry.question.toLowerCase(Locale.ROOT))
            .as("a question must not give its answer away")
            .doesNotContain(accepted);
      }
    }
  }

  @Test
  void factsStandInTheOrderOfTheirDepthsSpreadOverTheWholeDocument() {
    double last = 0;
    for (Question entry : questions) {
      double inCharacters = (double) document.indexOf(entry.sentence) / document.length();
      assertThat(inCharacters).as(entry.question).isCloseTo(entry.depth, within(0.01));
      assertThat(entry.depth - last).as("gap before: %s", entry.question).isBetween(0.015, 0.08);
      last = entry.depth;
    }
    assertThat(last).isGreaterThan(0.97);
  }

  private static List<Question> questions() {
    List<Map<String, Object>> entries = JsonPath.read(read("questions.json"), "$[*]");
    return entries.stream()
        .map(
            entry ->
                new Question(
                    (String) field(entry, "question"),
                    ((List<?>) field(entry, "answers")).stream().map(String.class::cast).toList(),
                    (String) field(entry, "sentence"),
                    ((Number) field(entry, "depth")).doubleValue()))
        .toList();
  }

  private static Object field(Map<String, Object> entry, String name) {
    return requireNonNull(entry.get(name), () -> name + " is missing in " + entry);
  }

  private static int occurrences(String text, String part) {
    int count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
      count++;
    }
    return count;
  }

  private static String read(String name) {
    try {
      return Files.readString(EXAMPLES.resolve(name));
    } catch (IOException e) {
      throw new IllegalStateException("examples/" + name + " cannot be read", e);
    }
  }

  /** Maven runs tests in the module's folder, an IDE often in the root: look upwards. */
  private static Path examples() {
    for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
      if (Files.isRegularFile(folder.resolve("examples").resolve("questions.json"))) {
        return folder.resolve("examples");
      }
    }
    throw new IllegalStateException("no folder examples/ above " + Path.of("").toAbsolutePath());
  }
}
