package io.ltri.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.font.Standard14Fonts;

/** PDF files as a word processor writes them: text in lines, on pages. */
final class TestPdf {
  private static final int LINE_CHARACTERS = 80;

  private TestPdf() {}

  /**
   * @param pages plain ASCII text of each page
   */
  static byte[] of(List<String> pages) {
    try (PDDocument document = new PDDocument()) {
      for (String text : pages) {
        PDPage page = new PDPage();
        document.addPage(page);
        try (PDPageContentStream content = new PDPageContentStream(document, page)) {
          content.beginText();
          content.setFont(new PDType1Font(Standard14Fonts.FontName.HELVETICA), 12);
          content.setLeading(16);
          content.newLineAtOffset(50, 700);
          write(content, text);
          content.endText();
        }
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      document.save(bytes);
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(PDPageContentStream content, String text) throws IOException {
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ", -1)) {
      if (line.length() + word.length() > LINE_CHARACTERS) {
        content.showText(line.toString());
        content.newLine();
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    content.showText(line.toString());
  }
}
