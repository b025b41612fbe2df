package io.ltri.inference.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The folder in which texts lie while they are received and read. */
public final class ReceivedTexts {
  static final String PREFIX = "text-";
  static final String SUFFIX = ".part";

  private final Path folder;

  /**
   * Also where the web server puts what it receives. Makes the folder and clears what an earlier
   * process left in it.
   */
  public ReceivedTexts(Path folder) {
    this.folder = folder;
    try {
      Files.createDirectories(folder);
      try (DirectoryStream<Path> left =
          Files.newDirectoryStream(folder, "{" + PREFIX + "*" + SUFFIX + ",upload_*.tmp}")) {
        for (Path file : left) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the folder for received texts cannot be used: " + folder + " (" + e.getMessage() + ")",
          e);
    }
  }

  public ReceivedText begin() {
    return new ReceivedText(folder);
  }

  /** For bytes that are no text. */
  public ReceivedFile beginFile() {
    return new ReceivedFile(folder, "file");
  }
}
