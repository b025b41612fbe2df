package io.ltri.inference.http;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Reads a PDF in a process of its own, with bounded memory and time: such files hold programs that
 * describe pages, and some were made to fill a memory or to never end.
 */
final class PdfProcess {
  private static final String MEMORY = "-Xmx512m";

  /** Is told the text of each page in turn. */
  interface PageReader {
    void page(byte[] text);
  }

  private PdfProcess() {}

  /**
   * @param mostBytes of all texts together
   * @throws ApiException if the file cannot be read, or does not keep to the limits
   */
  static void read(Path file, int mostPages, long mostBytes, Duration deadline, PageReader reader) {
    Process process = start(file, mostPages);
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
            throw refused("holds more text than the " + mostBytes + " bytes that are taken in");
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
        throw failed(status, mostPages, deadline);
      }
    } catch (IOException e) {
      throw refused("could not be read: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw refused("was given up");
    } finally {
      watch.interrupt();
      process.destroyForcibly();
    }
  }

  private static Process start(Path file, int mostPages) {
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
                  "-Djava.io.tmpdir=" + file.toAbsolutePath().getParent(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  PdfText.class.getName(),
                  file.toString(),
                  Integer.toString(mostPages)))
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      throw new ApiException(
          500,
          "file_reader",
          "file",
          "the process that reads PDF files did not start: " + e.getMessage());
    }
  }

  private static ApiException failed(int status, int mostPages, Duration deadline) {
    return refused(
        switch (status) {
          case PdfText.ENCRYPTED -> "needs a password: save it without one";
          case PdfText.TOO_MANY_PAGES -> "has more than the " + mostPages + " pages that are read";
          case PdfText.UNREADABLE -> "is damaged, or it is no PDF";
          case PdfText.OUT_OF_MEMORY -> "needs more memory than is given to one file";
          // Killed: by the deadline, or by the system.
          case 137, 143 ->
              "was not read within " + deadline.toSeconds() + " seconds and is given up";
          default -> "made its reader fail (status " + status + ")";
        });
  }

  private static ApiException refused(String what) {
    return new ApiException(422, "file_unreadable", "file", "The PDF " + what + ".");
  }
}
