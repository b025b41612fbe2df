package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.font.Standard14Fonts;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A PDF of a hundred pages in the web page, with the default model: what a reader would do. */
@Tag("slow")
class HundredPagesTest {
  private static final int PAGES = 100;
  private static final int ANSWER = 73;

  // A machine that is busy must not make the answer another one.
  @RegisterExtension
  static final LtriExtension LTRI =
      LtriExtension.withModel(DefaultModel.path())
          .with("ltri.inference.on-index-failure", "fail")
          .with("ltri.inference.lookup-deadline", "60s");

  @TempDir Path folder;

  private static String any(Random random, String... words) {
    return words[random.nextInt(words.length)];
  }

  private static String name(Random random) {
    return any(random, "Ada", "Bram", "Dora", "Elias", "Hanna", "Klaas", "Nel", "Otto", "Wilma")
        + any(random, " Brand", " Visser", " Kuiper", " Molenaar", " Smit", " Bakker", " Vos");
  }

  private static String place(Random random) {
    return any(random, "quay", "mill", "church", "market", "ropewalk", "chandlery", "school");
  }

  private static List<String> lines(int page, Random random) {
    return List.of(
        "Day " + page + ".",
        "In the morning %s brought %d %s to the %s."
            .formatted(
                name(random),
                3 + random.nextInt(80),
                any(random, "bales of wool", "sacks of grain", "casks of tar", "coils of rope"),
                place(random)),
        "The wind was %s and the tide %s."
            .formatted(
                any(random, "north", "south", "east", "west"), any(random, "high", "low", "slack")),
        page == ANSWER
            ? "The secret password of the lighthouse keeper is purple elephant."
            : "Nothing else was seen.",
        "%s paid %d guilders at the %s and went home."
            .formatted(name(random), 2 + random.nextInt(60), place(random)));
  }

  private Path pdf() throws IOException {
    Random random = new Random(7);
    Path file = folder.resolve("log.pdf");
    try (PDDocument document = new PDDocument()) {
      for (int i = 1; i <= PAGES; i++) {
        PDPage page = new PDPage();
        document.addPage(page);
        try (PDPageContentStream content = new PDPageContentStream(document, page)) {
          content.beginText();
          content.setFont(new PDType1Font(Standard14Fonts.FontName.HELVETICA), 11);
          content.setLeading(18);
          content.newLineAtOffset(40, 700);
          for (String line : lines(i, random)) {
            content.showText(line);
            content.newLine();
          }
          content.endText();
        }
      }
      document.save(file.toFile());
    }
    return file;
  }

  @Test
  void aPdfIsReadWithProgressAndTheAnswerNamesThePageThatItIsFrom() throws Exception {
    Path executable = HeadlessBrowser.installed().orElse(null);
    Assumptions.assumeTrue(executable != null, "no Chromium here");
    try (HeadlessBrowser browser = new HeadlessBrowser(executable)) {
      browser.size(1400, 900);
      browser.open(LTRI.http() + "/");
      browser.await("document.querySelector('#server').textContent.length > 0");
      browser.choose("#upload-file", pdf());
      String title =
          "[...document.querySelectorAll('.document .title')].find(b => b.textContent === 'log.pdf')";
      TreeSet<String> progress = new TreeSet<>();
      while (!browser.evaluate(title + "?.disabled === false").asBoolean(false)) {
        progress.add(
            browser.evaluate(title + "?.closest('.document').textContent ?? ''").asString(""));
        Thread.sleep(100);
      }
      assertThat(progress).anyMatch(said -> said.matches("(?s).*[1-9][0-9,]* of [0-9,]+ tokens.*"));
      browser.evaluate(title + ".click()");
      browser.await("document.querySelector('#reader-title').textContent === 'log.pdf'");
      browser.evaluate(
          "document.querySelector('#max-tokens').value = 20;"
              + "const asked = document.querySelector('#question');"
              + "asked.value = 'What is the secret password of the lighthouse keeper?';"
              + "asked.form.requestSubmit()");
      browser.await("document.querySelector('.answer .figures')");
      assertThat(browser.evaluate("document.querySelector('.words').textContent").asString(""))
          .contains("purple elephant");
      assertThat(browser.evaluate("document.querySelector('.source').textContent").asString(""))
          .contains("page " + ANSWER, "purple elephant");
      assertThat(browser.complaints()).isEmpty();
    }
  }
}
