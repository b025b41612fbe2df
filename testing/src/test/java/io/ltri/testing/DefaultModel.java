package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

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
}
