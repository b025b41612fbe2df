package io.ltri.edge.access;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/** A file that only its owner can read. */
final class PrivateFile {

  private static final String OWNER_ONLY = "rw-------";

  private PrivateFile() {}

  /** What the file is to hold. */
  interface Change {

    /**
     * @param file absolute; there may be none
     */
    CharSequence text(Path file) throws IOException;
  }

  /**
   * Replaces it as a whole, also while others read it; two changes at once come one after the
   * other. Its folder is made where it is missing.
   */
  static void change(Path file, Change change) throws IOException {
    Path absolute = file.toAbsolutePath();
    Path folder = absolute.getParent();
    if (folder == null) {
      throw new IllegalArgumentException(file + " is no file");
    }
    Files.createDirectories(folder);
    Path lockFile = folder.resolve(absolute.getFileName() + ".lock");
    try (FileChannel channel =
            FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      assert lock.isValid() : "the lock is held";
      replace(absolute, folder, change.text(absolute));
    }
  }

  private static void replace(Path file, Path folder, CharSequence text) throws IOException {
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
