package io.ltri.evaluation.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HaystackFetchTest {

  @Test
  void whatIsNoPackageIsRefusedAndLeavesNoHaystack(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("some.deb"), "not a package");
    Path cache = folder.resolve("cache");
    assertThatThrownBy(() -> HaystackFetch.unpack(file, cache))
        .isInstanceOf(HaystackFetch.Failure.class)
        .hasMessageContaining("give a text file of your own");
    assertThat(cache.resolve("haystack.txt")).doesNotExist();
  }

  /** The digest of "abc" is given in FIPS 180-2, appendix B.1. */
  @Test
  void digestIsSha256() {
    assertThat(HaystackFetch.sha256("abc".getBytes(StandardCharsets.US_ASCII)))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }
}
