package io.ltri.client.command;

import io.ltri.client.Document;
import io.ltri.client.LtriClient;
import io.ltri.client.LtriException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Documents as files. A file of a backup is named by the digest of its document, so that what is
 * there need not be read to be recognised.
 */
final class DocumentFiles {
  private static final String SUFFIX = ".ltri";

  private DocumentFiles() {}

  /** What a backup or its restoring did. */
  record Copied(int copied, int there, long bytes) {}

  /**
   * Writes a new file, whole or not at all.
   *
   * @return its size
   */
  static long export(LtriClient client, String id, Path file) {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      if (Files.exists(file)) {
        throw new CommandFailure(
            ExitCode.BAD_INPUT, file + " is there already: name a new file, or remove it");
      }
      try (OutputStream out =
          new BufferedOutputStream(
              Files.newOutputStream(
                  part,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.TRUNCATE_EXISTING,
                  StandardOpenOption.WRITE))) {
        client.export(id, out);
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      return Files.size(file);
    } catch (IOException e) {
      deleteQuietly(part);
      throw new CommandFailure(ExitCode.FAILED, file + " could not be written: " + e.getMessage());
    } catch (LtriException e) {
      deleteQuietly(part);
      throw e;
    }
  }

  private static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // It is named .part, and the next export writes over it.
    }
  }

  static Document importFile(LtriClient client, Path file, String tenant)
      throws InterruptedException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      return client.importDocument(in, tenant);
    } catch (IOException e) {
      throw new CommandFailure(ExitCode.BAD_INPUT, file + " cannot be read: " + e.getMessage());
    }
  }

  static Copied backup(LtriClient client, Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new CommandFailure(ExitCode.FAILED, folder + " could not be made: " + e.getMessage());
    }
    int copied = 0;
    int there = 0;
    long bytes = 0;
    Set<String> seen = new HashSet<>();
    for (Document document : client.documents()) {
      Path file = folder.resolve(document.digest() + SUFFIX);
      if (!seen.add(document.digest()) || Files.exists(file)) {
        there++;
        continue;
      }
      bytes += export(client, document.id(), file);
      copied++;
    }
    return new Copied(copied, there, bytes);
  }

  static Copied restore(LtriClient client, Path folder) throws InterruptedException {
    Set<String> known = new HashSet<>();
    client.documents().forEach(document -> known.add(document.digest()));
    int copied = 0;
    int there = 0;
    long bytes = 0;
    for (Path file : exported(folder)) {
      String name = String.valueOf(file.getFileName());
      if (known.contains(name.substring(0, name.length() - SUFFIX.length()))) {
        there++;
        continue;
      }
      Document unused = importFile(client, file, "");
      try {
        bytes += Files.size(file);
      } catch (IOException e) {
        // It was read a moment ago: only the figure suffers.
      }
      copied++;
    }
    return new Copied(copied, there, bytes);
  }

  private static List<Path> exported(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(SUFFIX)).sorted().toList();
    } catch (IOException e) {
      throw new CommandFailure(ExitCode.BAD_INPUT, folder + " cannot be read: " + e.getMessage());
    }
  }
}
