package io.ltri.inference.http;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.io.IOUtils;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.encryption.InvalidPasswordException;
import org.apache.pdfbox.text.PDFTextStripper;

/**
 * Main class of the process that a PDF is read in: whatever its content does to the parser, it does
 * not do it to the service. Writes the number of pages, then each page's text as its length in
 * bytes and UTF-8.
 */
final class PdfText {
  static final int ENCRYPTED = 13;
  static final int TOO_MANY_PAGES = 14;
  static final int UNREADABLE = 15;

  /** What the JVM ends with when its memory is full. */
  static final int OUT_OF_MEMORY = 3;

  private PdfText() {}

  /**
   * @param arguments the file, and the most pages
   */
  public static void main(String[] arguments) {
    PrintStream pages = System.out;
    // What libraries have to say must not come between the pages.
    System.setOut(System.err);
    try {
      System.exit(write(Path.of(arguments[0]), Integer.parseInt(arguments[1]), pages));
    } catch (InvalidPasswordException e) {
      System.exit(ENCRYPTED);
    } catch (IOException | RuntimeException e) {
      System.exit(UNREADABLE);
    }
  }

  private static int write(Path file, int mostPages, PrintStream to) throws IOException {
    try (PDDocument document =
            Loader.loadPDF(file.toFile(), "", null, null, IOUtils.createTempFileOnlyStreamCache());
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(to))) {
      int pages = document.getNumberOfPages();
      if (pages > mostPages) {
        return TOO_MANY_PAGES;
      }
      out.writeInt(pages);
      PDFTextStripper stripper = new PDFTextStripper();
      stripper.setSortByPosition(true);
      for (int page = 1; page <= pages; page++) {
        stripper.setStartPage(page);
        stripper.setEndPage(page);
        byte[] text = stripper.getText(document).getBytes(StandardCharsets.UTF_8);
        out.writeInt(text.length);
        out.write(text);
      }
      return 0;
    }
  }
}
