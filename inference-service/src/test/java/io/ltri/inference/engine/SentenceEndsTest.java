package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SentenceEndsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        ".",
        "end.",
        "?\"",
        "!)",
        ".\n",
        "...",
        "\u2026",
        "\u3002",
        ".\u201d ",
        "\n\n",
        "a\n \nb"
      })
  void endsASentence(String token) {
    assertThat(SentenceEnds.endsSentence(token)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "end", ",", "\n", "\"", ".x", "a.b", ":", "3.1"})
  void endsNone(String token) {
    assertThat(SentenceEnds.endsSentence(token)).isFalse();
  }
}
