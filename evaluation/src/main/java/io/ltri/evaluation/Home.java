package io.ltri.evaluation;

import java.nio.file.Path;

/** Folders of this installation. */
final class Home {
  private Home() {}

  private static Path home() {
    String home = System.getenv("LTRI_HOME");
    return home == null || home.isEmpty()
        ? Path.of(System.getProperty("user.home"), ".ltri")
        : Path.of(home);
  }

  static Path evaluation() {
    return home().resolve("evaluation");
  }

  /** Where the launcher puts it. */
  static Path defaultModel() {
    return home().resolve("models").resolve("SmolLM2-135M-Instruct.Q4_1.gguf");
  }
}
