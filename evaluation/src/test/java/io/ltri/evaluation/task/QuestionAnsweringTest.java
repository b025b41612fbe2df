package io.ltri.evaluation.task;

import static io.ltri.evaluation.task.Counting.OVERHEAD;
import static io.ltri.evaluation.task.Counting.TOKENS;
import static io.ltri.evaluation.task.Counting.occurrences;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuestionAnsweringTest {
  private static final Pattern DOCUMENT = Pattern.compile("Document (\\d+):\n([^\n]*)");

  @TempDir Path folder;

  private static String paragraph(int article, int number) {
    return ("Article %d has paragraph %d, whose word is w%dx%d. "
                .formatted(article, number, article, number)
            + "It goes on for a while. ".repeat(5))
        .strip();
  }

  /**
   * Ten articles of ten paragraphs, a question about each paragraph, and one that cannot be
   * answered.
   */
  private Path squad() throws IOException {
    List<Object> articles = new ArrayList<>();
    for (int article = 0; article < 10; article++) {
      List<Object> paragraphs = new ArrayList<>();
      for (int number = 0; number < 10; number++) {
        String word = "w%dx%d".formatted(article, number);
        paragraphs.add(
            Map.of(
                "context", paragraph(article, number),
                "qas",
                    List.of(
                        Map.of(
                            "question", "No answer?", "answers", List.of(), "is_impossible", true),
                        Map.of(
                            "question",
                                "Which word has paragraph %d of article %d?"
                                    .formatted(number, article),
                            "is_impossible", false,
                            "answers",
                                List.of(
                                    Map.of("text", word),
                                    Map.of("text", word),
                                    Map.of("text", word + "."))))));
      }
      articles.add(Map.of("title", "A", "paragraphs", paragraphs));
    }
    return Files.writeString(
        folder.resolve("squad.json"), new Gson().toJson(Map.of("data", articles)));
  }

  @Test
  void squadHidesTheParagraphAmongOthersOfItsArticleFirst() throws IOException {
    QuestionAnswering task = QuestionAnswering.squad(squad(), TOKENS, OVERHEAD);
    assertThat(task.name()).isEqualTo("qa_1");
    assertThat(task.questions()).isEqualTo(100);
    Sample sample = task.sample(1000, Sample.NO_DEPTH, 42);
    assertThat(sample.question()).endsWith("Question: Which word has paragraph 2 of article 4?");
    assertThat(sample.references()).containsExactly("w4x2", "w4x2.");
    assertThat(sample.match()).isEqualTo(Match.ANY);
    assertThat(occurrences(sample.document(), paragraph(4, 2))).isEqualTo(1);
    for (int number = 0; number < 10; number++) {
      assertThat(sample.document()).contains(paragraph(4, number));
    }
    List<MatchResult> documents = DOCUMENT.matcher(sample.document()).results().toList();
    assertThat(documents.stream().map(result -> result.group(2)))
        .doesNotHaveDuplicates()
        .hasSizeGreaterThan(20);
    for (int i = 0; i < documents.size(); i++) {
      assertThat(documents.get(i).group(1)).isEqualTo(Integer.toString(i + 1));
    }
    assertThat(Counting.total(sample)).isBetween(960, 1000);
  }

  @Test
  void instructionStandsBeforeAndAfterTheDocuments() throws IOException {
    Sample sample =
        QuestionAnswering.squad(squad(), TOKENS, OVERHEAD).sample(1000, Sample.NO_DEPTH, 1);
    String instruction = sample.document().lines().findFirst().orElseThrow();
    assertThat(sample.question()).startsWith(instruction);
  }

  @Test
  void placeOfTheParagraphIsDrawnAndSeedsGoAround() throws IOException {
    QuestionAnswering task = QuestionAnswering.squad(squad(), TOKENS, OVERHEAD);
    Sample first = task.sample(1000, Sample.NO_DEPTH, 5);
    Sample again = task.sample(1000, Sample.NO_DEPTH, 105);
    assertThat(again.question()).isEqualTo(first.question());
    assertThat(again.document()).isNotEqualTo(first.document());
    assertThat(task.sample(1000, Sample.NO_DEPTH, 5)).isEqualTo(first);
  }

  @Test
  void paragraphsThatAreUsedUpMakeAShorterSample() throws IOException {
    Sample sample =
        QuestionAnswering.squad(squad(), TOKENS, OVERHEAD).sample(1_000_000, Sample.NO_DEPTH, 5);
    assertThat(DOCUMENT.matcher(sample.document()).results()).hasSize(100);
  }

  @Test
  void hotpotKeepsAllParagraphsOfTheQuestion() throws IOException {
    List<Object> questions = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      questions.add(
          Map.of(
              "question", "Question " + i + "?",
              "answer", "answer" + i,
              "context",
                  List.of(
                      List.of(
                          "Title " + i, List.of("First of " + i + ".", " Then answer" + i + ".")),
                      List.of("Other " + i, List.of("Second of " + i + ".")))));
    }
    Path file = Files.writeString(folder.resolve("hotpot.json"), new Gson().toJson(questions));
    QuestionAnswering task = QuestionAnswering.hotpot(file, TOKENS, OVERHEAD);
    assertThat(task.name()).isEqualTo("qa_2");
    Sample sample = task.sample(200, Sample.NO_DEPTH, 7);
    assertThat(sample.references()).containsExactly("answer7");
    assertThat(sample.document())
        .contains("Title 7\nFirst of 7. Then answer7.")
        .contains("Other 7\nSecond of 7.");
    assertThat(DOCUMENT.matcher(sample.document()).results()).hasSizeGreaterThan(4);
  }

  @Test
  void fileOfAnotherFormatIsRefusedWithItsName() throws IOException {
    Path file = Files.writeString(folder.resolve("other.json"), "{\"data\": [{\"nothing\": 1}]}");
    assertThatThrownBy(() -> QuestionAnswering.squad(file, TOKENS, OVERHEAD))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("other.json");
    assertThatThrownBy(() -> QuestionAnswering.hotpot(file, TOKENS, OVERHEAD))
        .isInstanceOf(IOException.class);
    Path broken = Files.writeString(folder.resolve("broken.json"), "{\"data\": ");
    assertThatThrownBy(() -> QuestionAnswering.squad(broken, TOKENS, OVERHEAD))
        .isInstanceOf(IOException.class);
  }
}
