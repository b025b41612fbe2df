package io.ltri.edge.access;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;

/** A file that only its owner can read. */
final class PrivateFile {

  private static final String OWNER_ONLY = "rw-------";

  private PrivateFile() {}

  /**
   * Replaces it as a whole, also while others read it.
   *
   * @param file absolute
   */
  static void replace(Path file, CharSequence text) throws IOException {
    Path folder = Objects.requireNonNull(file.getParent());
    Path part = folder.resolve("." + file.getFileName() + ".part");
    Files.deleteIfExists(part);
    if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.createFile(
          part, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(OWNER_ONLY)));
    }
    Files.writeString(part, text);
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
