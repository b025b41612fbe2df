package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.fuzzing.Fuzzing;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Files whose checksums are right, and that make no sense all the same. */
class FuzzedStoreFilesTest {

  @Test
  void anyManifestIsReadOrRefused() throws IOException {
    try (ManifestFuzz manifest = new ManifestFuzz()) {
      Fuzzing.run(manifest, 2_000);
    }
  }

  @Test
  void factsCheckpointsDeletionsFaultsAndTailsAreReadOrPassedOver() throws IOException {
    try (StoreFilesFuzz files = new StoreFilesFuzz()) {
      Fuzzing.run(files, 1_000);
    }
  }

  @Test
  void filesThatWereMadeToHarmAreRefused() throws IOException {
    try (ImportFuzz file = new ImportFuzz()) {
      for (byte[] input : file.harmful()) {
        assertThat(file.isTaken(input)).isFalse();
      }
    }
  }

  @Tag("slow") // Lucene's files are opened in a process of their own, which takes its time.
  @Test
  void anyImportedFileIsRefusedOrCanBeUsed() throws IOException {
    try (ImportFuzz file = new ImportFuzz()) {
      Fuzzing.run(file, 40);
    }
  }
}
