package io.ltri.index.store;

import io.ltri.fuzzing.Fuzzing;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Files whose checksums are right, and that make no sense all the same. */
class FuzzedStoreFilesTest {

  @Test
  void anyManifestIsReadOrRefused() throws IOException {
    try (ManifestFuzz manifest = new ManifestFuzz()) {
      Fuzzing.run(manifest, 3_000);
    }
  }

  @Test
  void factsCheckpointsDeletionsFaultsAndTailsAreReadOrPassedOver() throws IOException {
    try (StoreFilesFuzz files = new StoreFilesFuzz()) {
      Fuzzing.run(files, 3_000);
    }
  }

  @Test
  void anyImportedFileIsRefusedOrCanBeUsed() throws IOException {
    try (ImportFuzz file = new ImportFuzz()) {
      Fuzzing.run(file, 200);
    }
  }
}
