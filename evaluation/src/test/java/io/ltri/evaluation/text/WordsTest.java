package io.ltri.evaluation.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class WordsTest {

  @Test
  void listsAreLongLowerCaseAndDisjoint() {
    assertThat(Words.adjectives()).hasSizeGreaterThan(300).doesNotHaveDuplicates();
    assertThat(Words.nouns()).hasSizeGreaterThan(300).doesNotHaveDuplicates();
    assertThat(Words.adjectives()).allMatch(word -> word.matches("[a-z]+"));
    assertThat(Words.nouns()).allMatch(word -> word.matches("[a-z]+"));
    assertThat(Words.adjectives()).doesNotContainAnyElementsOf(Words.nouns());
    assertThat(Words.cities()).hasSizeGreaterThan(80).doesNotHaveDuplicates();
    assertThat(Words.cities()).allMatch(word -> word.matches("[A-Z][a-z]+"));
  }

  @Test
  void noiseComesInLinesOfFiveSentences() {
    List<String> lines = Noise.lines(12);
    assertThat(lines).hasSize(3);
    assertThat(lines.get(0)).isEqualTo(String.join(" ", Noise.SENTENCES)).isEqualTo(lines.get(1));
    assertThat(lines.get(2)).isEqualTo(Noise.SENTENCES.get(0) + " " + Noise.SENTENCES.get(1));
  }

  @Test
  void articleFollowsTheSound() {
    assertThat(Article.before("amber")).isEqualTo("an");
    assertThat(Article.before("honest")).isEqualTo("an");
    assertThat(Article.before("unique")).isEqualTo("a");
    assertThat(Article.before("green")).isEqualTo("a");
  }
}
