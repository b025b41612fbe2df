package io.ltri.inference.model;

import io.ltri.inference.tensor.WeightSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;

/** The tiny models of the test resources; {@code src/test/python/tiny_models.py} makes them. */
final class TestModels {

  private TestModels() {}

  /**
   * @param name below {@code src/test/resources}
   */
  static Path resource(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(TestModels.class.getResource("/" + name), name).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  static Path model(String name) {
    return resource("models/" + name);
  }

  static float[] read(WeightSource weights, String name) {
    long elements = Arrays.stream(weights.shape(name)).reduce(1, (a, b) -> a * b);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment destination = arena.allocate(4 * elements, 4);
      weights.read(name, destination);
      return destination.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  static void copyFolder(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
