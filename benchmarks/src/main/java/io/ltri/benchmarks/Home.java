package io.ltri.benchmarks;

import java.nio.file.Path;
import java.util.Map;

/** Folders of an installation. */
final class Home {
  private Home() {}

  static Path of(Map<String, String> environment) {
    String home = environment.getOrDefault("LTRI_HOME", "");
    return (home.isEmpty() ? Path.of(System.getProperty("user.home"), ".ltri") : Path.of(home))
        .toAbsolutePath()
        .normalize();
  }

  /** Where the launcher puts it. */
  static Path defaultModel(Path home) {
    return home.resolve("models").resolve("SmolLM2-135M-Instruct.Q4_1.gguf");
  }
}
