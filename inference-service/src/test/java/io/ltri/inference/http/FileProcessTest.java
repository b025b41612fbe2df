package io.ltri.inference.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.fuzzing.Mutations;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import org.apache.pdfbox.pdfwriter.compress.CompressParameters;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.font.Standard14Fonts;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that were made to do harm are refused in one sentence; nothing of them is left. */
@Tag("slow")
class FileProcessTest {

  private static final long MOST_BYTES = 1 << 20;
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  @TempDir Path folder;

  private List<String> read(FileProcess.Kind kind, byte[] content, Duration deadline)
      throws IOException {
    Path file = Files.write(folder.resolve("file"), content);
    List<String> pages = new ArrayList<>();
    try {
      FileProcess.read(
          kind,
          file,
          10,
          MOST_BYTES,
          deadline,
          page -> pages.add(new String(page, StandardCharsets.UTF_8)));
      return pages;
    } finally {
      try (Stream<Path> left = Files.list(folder)) {
        assertThat(left).containsExactly(file);
      }
    }
  }

  private void refused(FileProcess.Kind kind, byte[] content, Duration deadline) {
    assertThatThrownBy(() -> read(kind, content, deadline))
        .isInstanceOf(ApiException.class)
        .hasMessageStartingWith("The " + kind + " file ")
        .hasMessageEndingWith(".");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** One page whose content is this stream. */
  private static byte[] pdf(byte[] deflated, String kids) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(
        bytes(
            """
            %%PDF-1.4
            1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
            2 0 obj <</Type/Pages/Kids[%s]/Count 1>> endobj
            3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>> endobj
            4 0 obj <</Length %d/Filter/FlateDecode>> stream
            """
                .formatted(kids, deflated.length)));
    out.write(deflated);
    out.write(bytes("\nendstream endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"));
    return out.toByteArray();
  }

  private static byte[] deflated(String part, int times) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (DeflaterOutputStream deflater = new DeflaterOutputStream(out)) {
      byte[] bytes = bytes(part.repeat(1000));
      for (int i = 0; i < times; i++) {
        deflater.write(bytes);
      }
    }
    return out.toByteArray();
  }

  @Test
  void anHtmlPageIsRead() throws IOException {
    assertThat(read(FileProcess.Kind.HTML, bytes("<h1>One</h1><p>two <b>three</b>"), DEADLINE))
        .containsExactly("One\n\ntwo three\n");
  }

  @Test
  void htmlThatBecomesTooMuchInMemoryEndsItsProcessAlone() {
    refused(FileProcess.Kind.HTML, bytes("<b a=1>".repeat(8 << 20)), DEADLINE);
  }

  @Test
  void nestedHtmlIsReadOrRefused() throws IOException {
    assertThat(read(FileProcess.Kind.HTML, bytes("<div>".repeat(200_000) + "x"), DEADLINE))
        .allSatisfy(page -> assertThat(page.strip()).isEqualTo("x"));
  }

  @Test
  void aStreamThatInflatesWithoutEndIsGivenUp() throws IOException {
    refused(
        FileProcess.Kind.PDF,
        pdf(deflated("q 1 0 0 1 0 0 cm Q ", 40_000), "3 0 R"),
        Duration.ofSeconds(3));
  }

  @Test
  void pagesThatHoldThemselvesAreReadOrRefused() throws IOException {
    try {
      assertThat(read(FileProcess.Kind.PDF, pdf(deflated("q Q ", 1), "2 0 R 3 0 R"), DEADLINE))
          .hasSizeLessThan(10);
    } catch (ApiException e) {
      assertThat(e).hasMessageStartingWith("The PDF file ");
    }
  }

  @Test
  void arraysWithinArraysAreRefused() throws IOException {
    refused(
        FileProcess.Kind.PDF,
        bytes(
            "%PDF-1.4\n1 0 obj " + "[".repeat(400_000) + " endobj\ntrailer <</Root 1 0 R>>\n%%EOF"),
        DEADLINE);
  }

  private static byte[] threePages() throws IOException {
    try (PDDocument document = new PDDocument()) {
      for (int i = 0; i < 3; i++) {
        PDPage page = new PDPage();
        document.addPage(page);
        try (PDPageContentStream content = new PDPageContentStream(document, page)) {
          content.beginText();
          content.setFont(new PDType1Font(Standard14Fonts.FontName.HELVETICA), 11);
          content.newLineAtOffset(40, 700);
          content.showText("The keeper of page " + i + " wrote the log.");
          content.endText();
        }
      }
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      document.save(out, CompressParameters.NO_COMPRESSION);
      return out.toByteArray();
    }
  }

  private static Map<FileProcess.Kind, Mutations> damaged(long seed) throws IOException {
    return Map.of(
        FileProcess.Kind.PDF,
        new Mutations(
            seed,
            List.of(threePages(), pdf(deflated("q Q BT (x) Tj ET ", 1), "3 0 R")),
            List.of("/Kids[2 0 R]", "/Count -1", "/Length 2147483648", "/Filter/LZWDecode", "R")),
        FileProcess.Kind.HTML,
        new Mutations(
            seed,
            List.of(
                bytes("<title>x</title><table><tr><td>a<td>b</table><ul><li>c</ul><pre> d </pre>"),
                bytes("<meta charset=utf-16><p>a &#1114112; &amp; &notin;<script><!--</script>x")),
            List.of("<meta charset=x>", "<svg><math>", "&#x0;", "</p></br>", "<!--", "<table>")));
  }

  /** {@code -Dltri.fuzz.seed} and {@code -Dltri.fuzz.minutes} as docs/fuzzing.md says. */
  @Test
  void whateverIsDamagedInAFileItIsReadOrRefused() throws IOException {
    long seed = Long.getLong("ltri.fuzz.seed", 1);
    long until = System.nanoTime() + 60_000_000_000L * Long.getLong("ltri.fuzz.minutes", 0);
    Map<FileProcess.Kind, Mutations> damaged = damaged(seed);
    Map<String, Integer> counts = new TreeMap<>();
    int done = 0;
    for (; done < 8 || System.nanoTime() < until; done++) {
      for (FileProcess.Kind kind : FileProcess.Kind.values()) {
        byte[] file = damaged.get(kind).next();
        String how;
        try {
          how = read(kind, file, DEADLINE).size() + " pages";
        } catch (ApiException e) {
          how = e.getMessage();
          assertThat(how)
              .as("case %d, seed %d", done, seed)
              .startsWith("The " + kind + " file ")
              .endsWith(".");
        }
        counts.merge(kind + ": " + how, 1, Integer::sum);
      }
    }
    System.out.printf("%d files of each kind, seed %d: %s%n", done, seed, counts);
  }
}
