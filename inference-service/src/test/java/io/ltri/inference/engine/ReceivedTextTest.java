package io.ltri.inference.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReceivedTextTest {
  @TempDir Path folder;

  private byte[] stored(byte[] bytes, int pieceBytes) throws IOException {
    try (ReceivedText text = new ReceivedText(folder)) {
      for (int i = 0; i < bytes.length; i += pieceBytes) {
        text.write(ByteBuffer.wrap(bytes, i, Math.min(pieceBytes, bytes.length - i)));
      }
      text.end();
      return Files.readAllBytes(text.file());
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void textCutInsideCharactersArrivesWhole() throws IOException {
    byte[] text = utf8("Grüße, \uD83D\uDE00 und 漢字");
    for (int pieceBytes = 1; pieceBytes < 8; pieceBytes++) {
      assertThat(stored(text, pieceBytes)).isEqualTo(text);
    }
  }

  @Test
  void aByteOrderMarkIsLeftOutHoweverItIsCut() throws IOException {
    byte[] text = utf8("\uFEFFtext");
    for (int pieceBytes = 1; pieceBytes < 5; pieceBytes++) {
      assertThat(stored(text, pieceBytes)).isEqualTo(utf8("text"));
    }
    assertThat(stored(utf8("x\uFEFFy"), 2)).isEqualTo(utf8("x\uFEFFy"));
    assertThat(stored(utf8("ab"), 1)).isEqualTo(utf8("ab"));
  }

  @Test
  void everyKindOfMalformedUtf8IsRefusedWithItsPlace() {
    byte[][] malformed = {
      {'a', 'b', 'c', (byte) 0x80},
      {'a', 'b', 'c', (byte) 0xC0, (byte) 0xAF},
      {'a', 'b', 'c', (byte) 0xF5, (byte) 0x80, (byte) 0x80, (byte) 0x80},
      {'a', 'b', 'c', (byte) 0xFF},
    };
    for (byte[] bytes : malformed) {
      assertThatThrownBy(() -> stored(bytes, 2))
          .isInstanceOf(RequestException.class)
          .hasMessageContaining("byte 3 ");
    }
    byte[] surrogate = {'a', (byte) 0xED, (byte) 0xA0, (byte) 0x80};
    assertThatThrownBy(() -> stored(surrogate, 1)).hasMessageContaining("byte 2 ");
    byte[] cut = {'a', 'b', 'c', (byte) 0xE2, (byte) 0x82};
    assertThatThrownBy(() -> stored(cut, 1)).hasMessageContaining("not UTF-8");
  }

  @Test
  void nothingIsLeftInTheFolder() throws IOException {
    byte[] unused = stored(utf8("text"), 2);
    assertThatThrownBy(() -> stored(new byte[] {0}, 1)).hasMessageContaining("binary");
    assertThatThrownBy(() -> stored(new byte[0], 1)).hasMessageContaining("empty");
    try (var files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }
}
