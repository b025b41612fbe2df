package io.ltri.client.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FlatJsonTest {
  @Test
  void whatIsWrittenIsReadAgain() {
    String line =
        FlatJson.write(Map.of("path", "C:\\data \"x\"\n\t\u0001 ü 😀", "n", 42, "yes", true));
    assertThat(line).doesNotContain("\n");
    assertThat(FlatJson.read(line))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of("path", "C:\\data \"x\"\n\t\u0001 ü 😀", "n", "42", "yes", "true"));
  }

  @Test
  void otherWritersAreUnderstood() {
    assertThat(FlatJson.read(" { \"a\" : \"\\u00fc\\/\\n\" , \"b\":-1.5e3 }\n"))
        .containsEntry("a", "ü/\n")
        .containsEntry("b", "-1.5e3");
    assertThat(FlatJson.read("{}")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":[1]}",
        "{\"a\":\"b",
        "{} x",
        "[]",
        "{\"a\":\"\\u12",
        "{\"a\":\"\\q\"}"
      })
  void anythingElseIsRefused(String text) {
    assertThatThrownBy(() -> FlatJson.read(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
