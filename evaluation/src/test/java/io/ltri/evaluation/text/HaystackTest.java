package io.ltri.evaluation.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.evaluation.text.Haystack.Passage;
import io.ltri.evaluation.text.Haystack.Sentence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HaystackTest {
  private static final String TEXT =
      """
      It was late. Mr. Knight and Mrs. Day came by. "Stop!" she cried to J. Smith, who ran.
      Nobody heard.

      A new paragraph began here; it was short. "Why?" He did not say... perhaps he knew.
      """;

  private static List<String> texts(List<Sentence> sentences) {
    return sentences.stream().map(Sentence::text).toList();
  }

  @Test
  void sentencesEndAtFullStopsButNotAtAbbreviationsOrBeforeLowerCase() {
    assertThat(texts(Haystack.of(TEXT).sentences()))
        .containsExactly(
            "It was late.",
            "Mr. Knight and Mrs. Day came by.",
            "\"Stop!\" she cried to J. Smith, who ran.",
            "Nobody heard.",
            "A new paragraph began here; it was short.",
            "\"Why?\"",
            "He did not say... perhaps he knew.");
  }

  @Test
  void paragraphsAreKept() {
    assertThat(Haystack.of(TEXT).sentences().stream().map(Sentence::opensParagraph))
        .containsExactly(true, false, false, false, true, false, false);
  }

  @Test
  void noWordIsLost() {
    assertThat(String.join(" ", texts(Haystack.of(TEXT).sentences())))
        .isEqualTo(TEXT.strip().replaceAll("\\s+", " "));
  }

  @Test
  void passageHasExactlyTheWordsAskedForAndCutsTheLastSentence() {
    Passage passage = Haystack.of(TEXT).passage(3, 5);
    assertThat(texts(passage.sentences())).containsExactly("Nobody heard.", "A new paragraph.");
    assertThat(passage.words()).isEqualTo(5);
    assertThat(passage.repeats()).isFalse();
  }

  @Test
  void passageGoesOnAtTheBeginningAndRepeatsOnlyWhenTheTextIsTooShort() {
    Haystack haystack = Haystack.of("One two. Three four. Five six.");
    assertThat(texts(haystack.passage(2, 6).sentences()))
        .containsExactly("Five six.", "One two.", "Three four.");
    assertThat(haystack.passage(2, 6).repeats()).isFalse();
    assertThat(haystack.passage(0, 7).repeats()).isTrue();
    assertThat(texts(haystack.passage(0, 7).sentences()))
        .containsExactly("One two.", "Three four.", "Five six.", "One.");
  }

  @Test
  void depthIsMovedBackToASentenceEnd() {
    Passage passage =
        Haystack.of("One two three. Four five. Six seven eight nine ten.").passage(0, 10);
    assertThat(passage.sentencesBefore(0)).isEqualTo(0);
    assertThat(passage.sentencesBefore(29.9)).isEqualTo(0);
    assertThat(passage.sentencesBefore(30)).isEqualTo(1);
    assertThat(passage.sentencesBefore(49)).isEqualTo(1);
    assertThat(passage.sentencesBefore(99)).isEqualTo(2);
    assertThat(passage.sentencesBefore(100)).isEqualTo(3);
  }

  @Test
  void containsIgnoresCase() {
    assertThat(Haystack.of(TEXT).contains("mr. knight")).isTrue();
    assertThat(Haystack.of(TEXT).contains("mr. night")).isFalse();
  }

  @Test
  void textWithoutSentencesIsRefused(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("empty.txt"), " \n\n ");
    assertThatThrownBy(() -> Haystack.read(file)).hasMessageContaining("no sentence");
  }

  @Test
  void generatedProseIsDeterministicLongAndNeverRepeatsASentence() {
    Haystack first = Haystack.generated(7);
    assertThat(first.sentences()).isEqualTo(Haystack.generated(7).sentences());
    assertThat(first.sentences()).isNotEqualTo(Haystack.generated(8).sentences());
    Set<String> distinct = new HashSet<>(texts(first.sentences()));
    assertThat(distinct).hasSize(first.sentences().size());
    assertThat(first.words()).isGreaterThan(400_000);
    assertThat(distinct).allMatch(text -> text.matches("\\p{Lu}[^0-9]*\\."));
    // Written without tricks, so that a sentence stays one when the text is read back.
    StringBuilder text = new StringBuilder();
    for (Sentence sentence : first.sentences()) {
      text.append(sentence.opensParagraph() ? "\n\n" : " ").append(sentence.text());
    }
    assertThat(Haystack.of(text.toString()).sentences()).isEqualTo(first.sentences());
  }
}
