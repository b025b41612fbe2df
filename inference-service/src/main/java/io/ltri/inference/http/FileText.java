package io.ltri.inference.http;

import io.ltri.inference.engine.ReceivedText;
import io.ltri.inference.engine.ReceivedTexts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A file as text: plain text and Markdown as they are, HTML without its marks, PDF page by page.
 * Pages of plain text are those that form feeds end.
 *
 * @param text complete; to be closed by whoever has this
 * @param pageStarts byte of the text at which each page begins; empty: it has no pages
 */
record FileText(ReceivedText text, long[] pageStarts) {
  private static final byte[] PDF = "%PDF-".getBytes(StandardCharsets.US_ASCII);

  /** A PDF may have some bytes before it begins. */
  private static final int HEAD_BYTES = 1024;

  private static final int BUFFER_BYTES = 64 * 1024;
  private static final byte FORM_FEED = 0x0C;

  /** A text without pages. */
  static FileText of(ReceivedTexts texts, String text) {
    return filled(
        texts,
        (received, starts) ->
            received.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
  }

  /**
   * @param name of the file, for its ending
   * @param mediaType as the client says; empty: unknown
   * @throws ApiException if it is of no kind that can be read
   */
  static FileText of(
      ReceivedTexts texts, Path file, String name, String mediaType, HttpLimits limits) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.endsWith(".pdf") || mediaType.equals("application/pdf") || isPdf(file)) {
      return filled(texts, (received, starts) -> pdf(file, limits, received, starts));
    }
    if (lower.endsWith(".html")
        || lower.endsWith(".htm")
        || lower.endsWith(".xhtml")
        || mediaType.equals("text/html")
        || mediaType.equals("application/xhtml+xml")) {
      return filled(
          texts,
          (received, starts) ->
              read(
                  FileProcess.Kind.HTML,
                  file,
                  limits,
                  text -> received.write(ByteBuffer.wrap(text))));
    }
    // What else it may be shows when it is no UTF-8.
    return filled(texts, (received, starts) -> plain(file, received, starts));
  }

  /** Writes a text, and notes where pages begin. */
  private interface Filler {
    void fill(ReceivedText text, List<Long> starts) throws IOException;
  }

  private static FileText filled(ReceivedTexts texts, Filler filler) {
    ReceivedText received = texts.begin();
    boolean complete = false;
    try {
      List<Long> starts = new ArrayList<>();
      filler.fill(received, starts);
      received.end();
      complete = true;
      return new FileText(received, starts.stream().mapToLong(Long::longValue).toArray());
    } catch (IOException e) {
      throw new ApiException(422, "file_unreadable", "file", "The file could not be read: " + e);
    } finally {
      if (!complete) {
        received.close();
      }
    }
  }

  private static boolean isPdf(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] head = in.readNBytes(HEAD_BYTES);
      for (int i = 0; i + PDF.length <= head.length; i++) {
        if (Arrays.equals(head, i, i + PDF.length, PDF, 0, PDF.length)) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      return false;
    }
  }

  private static void pdf(Path file, HttpLimits limits, ReceivedText received, List<Long> starts) {
    long[] at = {0};
    boolean[] anything = {false};
    read(
        FileProcess.Kind.PDF,
        file,
        limits,
        text -> {
          starts.add(at[0]);
          // Zero bytes stand for characters that a font does not name.
          byte[] page = withoutZeros(text);
          received.write(ByteBuffer.wrap(page));
          at[0] += page.length;
          anything[0] |= !new String(page, StandardCharsets.UTF_8).isBlank();
        });
    if (!anything[0]) {
      throw new ApiException(
          422,
          "file_unreadable",
          "file",
          "The PDF holds no text: its pages are pictures, as a scanner makes them. Have the text recognised first.");
    }
  }

  private static void read(
      FileProcess.Kind kind, Path file, HttpLimits limits, FileProcess.PageReader reader) {
    FileProcess.read(
        kind, file, limits.mostPages(), limits.maxUploadBytes(), limits.fileDeadline(), reader);
  }

  private static byte[] withoutZeros(byte[] text) {
    byte[] kept = new byte[text.length];
    int size = 0;
    for (byte b : text) {
      if (b != 0) {
        kept[size++] = b;
      }
    }
    return Arrays.copyOf(kept, size);
  }

  private static void plain(Path file, ReceivedText received, List<Long> starts)
      throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      long at = 0;
      for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
        received.write(ByteBuffer.wrap(buffer, 0, read));
        for (int i = 0; i < read; i++) {
          if (buffer[i] == FORM_FEED) {
            if (starts.isEmpty()) {
              starts.add(0L);
            }
            starts.add(at + i + 1);
          }
        }
        at += read;
      }
      // Nothing follows a form feed that ends the last page.
      if (!starts.isEmpty() && starts.getLast() == at) {
        starts.removeLast();
      }
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof FileText file
        && file.text.equals(text)
        && Arrays.equals(file.pageStarts, pageStarts);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  @Override
  public String toString() {
    return "FileText[" + pageStarts.length + " pages]";
  }
}
