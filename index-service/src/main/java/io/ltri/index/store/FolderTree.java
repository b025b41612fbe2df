package io.ltri.index.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Folders with all that is in them. */
final class FolderTree {

  private static final Logger LOG = LoggerFactory.getLogger(FolderTree.class);

  private FolderTree() {}

  /** What is in a folder, by name. */
  static List<Path> list(Path folder) throws IOException {
    try (var paths = Files.list(folder)) {
      return paths.sorted().toList();
    }
  }

  static void delete(FileLayer files, Path path) throws IOException {
    if (Files.isDirectory(path)) {
      for (Path below : list(path)) {
        delete(files, below);
      }
    }
    files.delete(path);
  }

  /** What remains is not listed, and is deleted at the next start. */
  static void deleteQuietly(FileLayer files, Path path) {
    if (Files.notExists(path)) {
      return;
    }
    try {
      delete(files, path);
    } catch (IOException e) {
      LOG.warn("{} could not be deleted and will be at the next start: {}", path, e.toString());
    }
  }
}
