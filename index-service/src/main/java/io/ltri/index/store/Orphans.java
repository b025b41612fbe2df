package io.ltri.index.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/** Finds and removes files and folders that belong to no document. */
final class Orphans {

  private static final long FRESH_MILLIS = 60_000;

  private Orphans() {}

  /** All that is in a folder, and the folder itself, the inner ones first. */
  static List<Path> tree(Path folder) throws IOException {
    try (var paths = Files.walk(folder)) {
      return paths.sorted(Comparator.reverseOrder()).toList();
    } catch (java.io.UncheckedIOException | NoSuchFileException e) {
      // Somebody else is deleting it.
      return List.of();
    }
  }

  /**
   * What is in the folder of a sealed document and not part of it. Records beside the manifest,
   * {@code *.json}, are, and what is being written at this moment may be.
   *
   * @param names of its files, with slashes
   */
  static List<Path> foreign(Path folder, Set<String> names) throws IOException {
    List<Path> foreign = new ArrayList<>();
    for (Path path : tree(folder)) {
      boolean isRecord = folder.equals(path.getParent()) && path.toString().endsWith(".json");
      if (isRecord || isFresh(path)) {
        continue;
      }
      String name = folder.relativize(path).toString().replace('\\', '/');
      boolean holdsSome =
          path.equals(folder) || names.stream().anyMatch(one -> one.startsWith(name + "/"));
      if (!names.contains(name) && !holdsSome) {
        foreign.add(path);
      }
    }
    return foreign;
  }

  private static boolean isFresh(Path path) throws IOException {
    try {
      long age = System.currentTimeMillis() - Files.getLastModifiedTime(path).toMillis();
      return Files.isRegularFile(path) && age < FRESH_MILLIS;
    } catch (NoSuchFileException e) {
      return true;
    }
  }

  /** Counts the files that it could remove, and their bytes. */
  static Garbage remove(FileLayer files, List<Path> orphans) throws IOException {
    int removed = 0;
    long bytes = 0;
    for (Path orphan : orphans) {
      try {
        boolean file = !Files.isDirectory(orphan);
        long size = file ? Files.size(orphan) : 0;
        files.delete(orphan);
        removed += file ? 1 : 0;
        bytes += size;
      } catch (NoSuchFileException e) {
        // Somebody else has deleted it.
        continue;
      }
    }
    return new Garbage(0, 0, removed, bytes);
  }
}
