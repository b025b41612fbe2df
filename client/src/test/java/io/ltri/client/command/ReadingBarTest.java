package io.ltri.client.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ReadingBarTest {
  @Test
  void remainingTimeIsReadable() {
    assertThat(ReadingBar.remaining(0.2)).isEqualTo("1 s");
    assertThat(ReadingBar.remaining(59)).isEqualTo("59 s");
    assertThat(ReadingBar.remaining(61)).isEqualTo("1:01 min");
    assertThat(ReadingBar.remaining(3661)).isEqualTo("1:01 h");
  }

  @Test
  void bytesAreReadable() {
    assertThat(Figures.bytes(0)).isEqualTo("0 B");
    assertThat(Figures.bytes(999)).isEqualTo("999 B");
    assertThat(Figures.bytes(1000)).isEqualTo("1.0 kB");
    assertThat(Figures.bytes(999_999)).isEqualTo("1.0 MB");
    assertThat(Figures.bytes(13_400_000)).isEqualTo("13.4 MB");
  }
}
