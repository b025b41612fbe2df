package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.springframework.util.FileSystemUtils;

/** The default model, which the build fetches and names in LTRI_TEST_MODEL. */
final class DefaultModel {

  private DefaultModel() {}

  /** Skips the test when it is run by hand without the model. */
  static Path path() {
    String path = System.getenv("LTRI_TEST_MODEL");
    Assumptions.assumeTrue(
        path != null, "LTRI_TEST_MODEL is not set: run ./ltri test, or set it to a GGUF file");
    assertThat(Path.of(path)).exists();
    return Path.of(path);
  }

  /** The document in examples/. */
  static Path example() {
    Path file = Path.of("../examples/harbour-chronicle.txt");
    assertThat(Files.exists(file)).isTrue();
    return file;
  }

  /**
   * The data folder in which this run of tests has the example document read, or will have: whoever
   * comes first reads it there. Deleted when the run ends.
   */
  static Path exampleRead() {
    return Holder.FOLDER.resolve("data");
  }

  private static final class Holder {
    static final Path FOLDER = folder();

    private static Path folder() {
      try {
        Path folder = Files.createTempDirectory("ltri-example-");
        Runtime.getRuntime()
            .addShutdownHook(new Thread(() -> FileSystemUtils.deleteRecursively(folder.toFile())));
        return folder;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
