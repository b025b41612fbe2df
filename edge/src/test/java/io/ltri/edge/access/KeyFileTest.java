package io.ltri.edge.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyFileTest {

  private static final String KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

  @TempDir Path folder;

  private Path file(String json) throws IOException {
    Path file = Files.writeString(folder.resolve("keys"), json);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file;
  }

  @Test
  void aKeyThatIsAddedTakesThePlaceOfItsTenantsCurrentOneWhichStays() throws IOException {
    Path file = folder.resolve("new/keys");
    KeyFile.add(file, TenantKey.random("a1", "ada"));
    KeyFile.add(file, TenantKey.random("all", "*"));
    KeyFile.add(file, TenantKey.random("a2", "ada"));
    assertThat(Files.getPosixFilePermissions(file))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    FollowedKeys keys = FollowedKeys.of(file, Duration.ofHours(1));
    assertThat(keys.current("ada")).map(TenantKey::id).contains("a2");
    assertThat(keys.current("bob")).map(TenantKey::id).contains("all");
    assertThat(keys.find("a1", "ada")).isPresent();
    assertThat(keys.find("a1", "bob")).isEmpty();
    assertThat(keys.find("all", "bob")).isPresent();
    assertThatThrownBy(() -> KeyFile.add(file, TenantKey.random("a1", "bob")))
        .hasMessageContaining("'a1'");
  }

  @Test
  void aFileThatOthersCanReadIsRefused() throws IOException {
    Path file = file("[]");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(() -> KeyFile.read(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("chmod 600");
  }

  @Test
  void whatIsWrongIsSaidWithoutAKeyInIt() throws IOException {
    String good = "{\"id\":\"a\",\"tenant\":\"t\",\"key\":\"%s\",\"current\":true}".formatted(KEY);
    for (String wrong :
        new String[] {
          "[" + good + "," + good + "]",
          "[" + good + "," + good.replace("\"a\"", "\"b\"") + "]",
          "[" + good.replace("key", "kye") + "]",
          "[" + good.replace("Hh8=", "Hh8") + good + "]",
          "[" + good.replace("AAEC", "") + "]",
          "{" + good,
          good
        }) {
      assertThatThrownBy(() -> KeyFile.read(file(wrong)))
          .as(wrong)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageNotContaining(KEY.substring(4, 20));
    }
    assertThat(KeyFile.read(file("[" + good + "]")).getFirst().toString()).doesNotContain(KEY);
  }

  @Test
  void aChangeIsFollowedAndAHalfWrittenFileIsNot() throws Exception {
    Path file = folder.resolve("keys");
    KeyFile.add(file, TenantKey.random("a", "*"));
    FollowedKeys keys = FollowedKeys.of(file, Duration.ofMillis(20));
    Files.writeString(file, "[");
    Thread.sleep(100);
    assertThat(keys.current("t")).map(TenantKey::id).contains("a");
    Files.delete(file);
    KeyFile.add(file, TenantKey.random("b", "*"));
    for (int i = 0; i < 500 && keys.find("a", "t").isPresent(); i++) {
      Thread.sleep(20);
    }
    assertThat(keys.current("t")).map(TenantKey::id).contains("b");
    assertThat(keys.find("a", "t")).isEmpty();
  }
}
