package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StopTextsTest {

  private static String shown(StopTexts stops, String... pieces) {
    StringBuilder shown = new StringBuilder();
    for (String piece : pieces) {
      shown.append(stops.accept(piece));
    }
    return shown.append(stops.end()).toString();
  }

  @Test
  void aStopTextSpreadOverPiecesIsNeverShown() {
    StopTexts stops = new StopTexts(List.of("END"));
    assertThat(shown(stops, "an answer E", "N", "D and more")).isEqualTo("an answer ");
    assertThat(stops.stopped()).isTrue();
  }

  @Test
  void whatOnlyLookedLikeAStopTextIsShown() {
    StopTexts stops = new StopTexts(List.of("END"));
    assertThat(stops.accept("E")).isEmpty();
    assertThat(shown(stops, "N", "TRY")).isEqualTo("ENTRY");
    assertThat(stops.stopped()).isFalse();
  }

  @Test
  void theFirstOfSeveralEndsTheAnswer() {
    assertThat(shown(new StopTexts(List.of("two", "one")), "zero one two")).isEqualTo("zero ");
  }

  @Test
  void textHeldBackAtTheEndIsShown() {
    assertThat(shown(new StopTexts(List.of("\n\n")), "line\n")).isEqualTo("line\n");
  }
}
