package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.jayway.jsonpath.JsonPath;
import io.ltri.client.Answer;
import io.ltri.client.Message;
import io.ltri.client.NewDocument;
import io.ltri.client.Question;
import io.ltri.client.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Sources of answers about the example document, whose facts stand in one sentence each. */
@Tag("slow")
class SourcesTest {
  private static final int SOURCES = 8;

  @RegisterExtension
  static final LtriExtension LTRI =
      LtriExtension.withModel(DefaultModel.path()).in(DefaultModel.exampleRead());

  private static String document = "";

  @BeforeAll
  static void read() throws InterruptedException {
    document = LTRI.client().createDocument(NewDocument.of(DefaultModel.example())).document().id();
  }

  private static Answer ask(String question, int sources) {
    return LTRI.client()
        .generate(
            Question.builder()
                .documentId(document)
                .message(Message.user(question))
                .maxTokens(24)
                .sources(sources)
                .build());
  }

  @Test
  void theSentenceThatHasTheAnswerIsASourceOfMostAnswersRightOrWrong() throws IOException {
    List<Map<String, Object>> questions =
        JsonPath.read(Files.readString(Path.of("../examples/questions.json")), "$[*]");
    List<Integer> ranks = new ArrayList<>();
    for (Map<String, Object> entry : questions) {
      String sentence = String.valueOf(entry.get("sentence"));
      List<Source> sources =
          ask(String.valueOf(entry.get("question")), SOURCES).figures().sources();
      int rank = 0;
      for (int i = 0; i < sources.size() && rank == 0; i++) {
        rank = overlaps(sentence, sources.get(i).text().strip()) ? i + 1 : 0;
      }
      ranks.add(rank);
    }
    System.out.println("rank of the sentence among the sources, 0 where it is none: " + ranks);
    assertThat(ranks).hasSize(20);
    assertThat(ranks.stream().filter(rank -> rank > 0).count()).isGreaterThanOrEqualTo(12);
    // Not the number of first places: of 20 questions one or two change them with one that is as
    // good, by how a processor rounds (8, 7 and 8 first in three builds and precisions, whose sums
    // are 9.5, 9.3 and 9.7).
    assertThat(ranks.stream().mapToDouble(rank -> rank == 0 ? 0 : 1.0 / rank).sum())
        .isGreaterThanOrEqualTo(9);
  }

  /** Do they share twenty characters in a row? */
  private static boolean overlaps(String sentence, String source) {
    for (int at = 0; at + 20 <= source.length(); at++) {
      if (sentence.contains(source.substring(at, at + 20))) {
        return true;
      }
    }
    return false;
  }

  @Test
  void askingForSourcesChangesNoToken() {
    String question = "Who was the master of the lifeboat?";
    assertThat(ask(question, SOURCES).tokenIds()).isEqualTo(ask(question, 0).tokenIds());
  }
}
