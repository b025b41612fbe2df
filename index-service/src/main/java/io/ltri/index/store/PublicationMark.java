package io.ltri.index.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * {@code published.json} beside the manifest: where the document was published. It is a note, not
 * part of the document; without it, or with one that is damaged, the document counts as not
 * published.
 */
final class PublicationMark {

  static final String FILE = "published.json";
  private static final String UNFINISHED = FILE + ".new.json";

  private PublicationMark() {}

  /** Empty: nowhere. */
  static String read(Path folder) {
    try {
      String text = Files.readString(folder.resolve(FILE));
      return text.startsWith("{\"store\":\"") && text.endsWith("\"}\n")
          ? text.substring(10, text.length() - 3)
          : "";
    } catch (IOException e) {
      return "";
    }
  }

  /**
   * Durable when it returns.
   *
   * @param place letters, digits and dashes
   */
  static void write(FileLayer files, Path folder, String place) throws IOException {
    Path unfinished = folder.resolve(UNFINISHED);
    if (Files.exists(unfinished)) {
      files.delete(unfinished);
    }
    try (SequentialFile out = new SequentialFile(files, unfinished)) {
      out.write("{\"store\":\"%s\"}\n".formatted(place).getBytes(StandardCharsets.UTF_8));
      out.force();
    }
    files.move(unfinished, folder.resolve(FILE));
    files.forceFolder(folder);
  }
}
