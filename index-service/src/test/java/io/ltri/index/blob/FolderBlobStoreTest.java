package io.ltri.index.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderBlobStoreTest extends BlobStoreContract {

  @TempDir Path folder;

  private BlobStore store;

  @BeforeEach
  void open() {
    store = BlobStores.open("folder:" + folder);
  }

  @Override
  BlobStore store() {
    return store;
  }

  @Test
  void folderThatIsMissingIsRefusedAndNotMade() {
    Path missing = folder.resolve("not-mounted");
    assertThatThrownBy(() -> BlobStores.open("folder:" + missing))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("mount it");
    assertThat(missing).doesNotExist();
  }

  @Test
  void nothingIsLeftBesideWhatWasPut() throws IOException {
    store.putIfAbsent("a/b/c", new byte[3]);
    store.putIfAbsent("a/b/c", new byte[4]);
    store.replace("a/b/c", new byte[5], "another version");
    store.delete("a/b/c");
    try (var paths = Files.walk(folder)) {
      assertThat(paths.filter(Files::isRegularFile))
          .allMatch(path -> path.getParent().endsWith(".lock"));
    }
    assertThat(folder.resolve("a/b")).doesNotExist();
  }
}
