package io.ltri.inference.http;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

/**
 * Reads a file in a process of its own, with bounded memory and time: PDF files hold programs that
 * describe pages, HTML becomes many times its size in memory, and some files were made to fill a
 * memory or to never end.
 */
final class FileProcess {
  private static final Logger LOG = LoggerFactory.getLogger(FileProcess.class);
  private static final String MEMORY = "-Xmx512m";

  /** What is read, by the main class of the process that does. */
  enum Kind {
    PDF(PdfText.class),
    HTML(HtmlText.class);

    private final Class<?> main;

    Kind(Class<?> main) {
      this.main = main;
    }
  }

  /** Is told the text of each page in turn. */
  interface PageReader {
    void page(byte[] text);
  }

  private FileProcess() {}

  /**
   * @param mostBytes of all texts together
   * @throws ApiException if the file cannot be read, or does not keep to the limits
   */
  static void read(
      Kind kind, Path file, int mostPages, long mostBytes, Duration deadline, PageReader reader) {
    Path scratch = scratch(file);
    Process process = start(kind, file, scratch, mostPages);
    Thread watch =
        Thread.startVirtualThread(
            () -> {
              try {
                if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                  process.destroyForcibly();
                }
              } catch (InterruptedException e) {
                // The reading is over.
              }
            });
    try {
      boolean whole = true;
      try (DataInputStream pages =
          new DataInputStream(new BufferedInputStream(process.getInputStream()))) {
        long bytes = 0;
        int count = pages.readInt();
        for (int page = 0; page < count; page++) {
          int length = pages.readInt();
          bytes += length;
          if (length < 0 || bytes > mostBytes) {
            throw refused(
                kind, "holds more text than the " + mostBytes + " bytes that are taken in");
          }
          byte[] text = pages.readNBytes(length);
          if (text.length < length) {
            throw new EOFException();
          }
          reader.page(text);
        }
      } catch (EOFException e) {
        whole = false;
      }
      int status = process.waitFor();
      if (status != 0 || !whole) {
        throw failed(kind, status, mostPages, deadline);
      }
    } catch (IOException e) {
      throw refused(kind, "could not be read: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw refused(kind, "was given up");
    } finally {
      watch.interrupt();
      process.destroyForcibly();
      remove(process, scratch);
    }
  }

  /** A folder for what the process lays aside. */
  private static Path scratch(Path file) {
    try {
      Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent());
      return Files.createTempDirectory(folder, "reading-");
    } catch (IOException e) {
      throw new ApiException(
          500, "file_reader", "file", "there is no room to read files: " + e.getMessage());
    }
  }

  /** A process that was killed has left its temporary files. */
  private static void remove(Process process, Path scratch) {
    try {
      process.waitFor();
      FileSystemUtils.deleteRecursively(scratch);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.warn("temporary files of a reading are left in {}: {}", scratch, e.toString());
    }
  }

  private static Process start(Kind kind, Path file, Path scratch, int mostPages) {
    try {
      return new ProcessBuilder(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  MEMORY,
                  "-XX:+UseSerialGC",
                  "-XX:+ExitOnOutOfMemoryError",
                  "-XX:TieredStopAtLevel=1",
                  "-Xshare:auto",
                  "-Djava.awt.headless=true",
                  "-Djava.io.tmpdir=" + scratch,
                  "-cp",
                  System.getProperty("java.class.path"),
                  kind.main.getName(),
                  file.toString(),
                  Integer.toString(mostPages)))
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      throw new ApiException(
          500,
          "file_reader",
          "file",
          "the process that reads files did not start: " + e.getMessage());
    }
  }

  private static ApiException failed(Kind kind, int status, int mostPages, Duration deadline) {
    return refused(
        kind,
        switch (status) {
          case PdfText.ENCRYPTED -> "needs a password: save it without one";
          case PdfText.TOO_MANY_PAGES -> "has more than the " + mostPages + " pages that are read";
          case PdfText.UNREADABLE -> "is damaged, or of another kind";
          case PdfText.OUT_OF_MEMORY -> "needs more memory than is given to one file";
          // Killed: by the deadline, or by the system.
          case 137, 143 ->
              "was not read within " + deadline.toSeconds() + " seconds and is given up";
          default -> "made its reader fail (status " + status + ")";
        });
  }

  private static ApiException refused(Kind kind, String what) {
    return new ApiException(422, "file_unreadable", "file", "The " + kind + " file " + what + ".");
  }
}
