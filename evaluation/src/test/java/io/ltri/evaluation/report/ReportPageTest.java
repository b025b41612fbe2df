package io.ltri.evaluation.report;

import static io.ltri.evaluation.report.MadeUp.row;
import static io.ltri.evaluation.report.MadeUp.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.evaluation.run.Row;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

class ReportPageTest {
  private static final String HOSTILE = "</td><script>alert('1')</script> & \"x\" \u0001\uD800";

  @TempDir Path folder;

  private static List<Row> measured() {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String sample = Integer.toString(i);
      double depth = i % 2 == 0 ? 0 : 50;
      rows.add(row("niah", 4096, sample, depth, "full", 1, "4711", List.of(1.0, 1.0)));
      double right = i == 3 ? 0 : 1;
      rows.add(row("niah", 4096, sample, depth, "ltri", right, HOSTILE, List.of(0.25 * i, 1.0)));
    }
    rows.add(row("niah", 8192, "0", 50, "ltri", 1, "4711", List.of(0.5, 0.5)));
    rows.addAll(rows("vt", 4096, "ltri", 0.25, 0.75));
    return rows;
  }

  private Document page(Optional<LayerMap> map) throws Exception {
    Path out = folder.resolve("deep/report.html");
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("date", "2026-01-01");
    facts.put("command", "ltri eval niah --model <M>");
    ReportPage.write(measured(), map, facts, out);
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    return factory.newDocumentBuilder().parse(out.toFile());
  }

  private static String text(Document page, String path) throws Exception {
    return XPathFactory.newInstance().newXPath().evaluate(path, page);
  }

  private static List<String> texts(Document page, String path) throws Exception {
    NodeList nodes =
        (NodeList)
            XPathFactory.newInstance().newXPath().evaluate(path, page, XPathConstants.NODESET);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      texts.add(nodes.item(i).getTextContent());
    }
    return texts;
  }

  @Test
  void isOneWellFormedPageWithAllSectionsInOrder() throws Exception {
    Document page = page(Optional.of(MadeUp.map()));
    assertThat(texts(page, "//section/@id"))
        .containsExactly("scores", "depths", "recall", "cost", "spans", "making");
    String text = Files.readString(folder.resolve("deep/report.html"));
    assertThat(text).startsWith("<!DOCTYPE html>\n");
    assertThat(texts(page, "//@src | //@href | //script | //link | //img | //iframe")).isEmpty();
    assertThat(text.replace("http://www.w3.org/1999/xhtml", ""))
        .doesNotContain("http:", "https:", "url(", "@import");
  }

  @Test
  void withoutAMapThereIsNoSectionAboutSpans() throws Exception {
    assertThat(texts(page(Optional.empty()), "//section/@id"))
        .containsExactly("scores", "depths", "recall", "cost", "making");
  }

  @Test
  void scoresStandWhereTheyBelong() throws Exception {
    Document page = page(Optional.empty());
    String niah = "(//section[@id='scores']//table[@class='scores'])[1]";
    assertThat(texts(page, niah + "/thead//th"))
        .containsExactly("variant", "4,096tokens", "8,192tokens");
    assertThat(texts(page, niah + "/tbody/tr[1]/th/text()")).containsExactly("full");
    assertThat(texts(page, niah + "/tbody/tr[1]/td//b")).containsExactly("100.0");
    assertThat(texts(page, niah + "/tbody/tr[1]/td/@class")).containsExactly("best", "none");
    assertThat(texts(page, niah + "/tbody/tr[1]/td/small")).containsExactly("51.0 to 100.0  n 4");
    assertThat(texts(page, niah + "/tbody/tr[2]/td//b")).containsExactly("75.0", "100.0");
    assertThat(texts(page, niah + "/tbody/tr[2]/td/@class")).containsExactly("score", "score");

    String differences = "(//table[@class='differences'])[1]/tbody/tr";
    assertThat(texts(page, differences + "/th")).containsExactly("ltri");
    assertThat(texts(page, differences + "/td[1]/*"))
        .containsExactly("−25.0", "−75.0 to 0.0", "n 4: 0 better, 1 worse");
    assertThat(texts(page, differences + "/td[2]")).containsExactly("–");
    assertThat(texts(page, "//table[@class='differences']")).as("vt has no reference").hasSize(1);
  }

  @Test
  void whatTheModelSaidIsTextAndNothingElse() throws Exception {
    Document page = page(Optional.of(MadeUp.map()));
    assertThat(texts(page, "//script")).isEmpty();
    assertThat(texts(page, "(//table[@class='answers'])[1]/tbody/tr/td[5]"))
        .containsExactly("</td><script>alert('1')</script> & \"x\" \uFFFD\uFFFD");
    assertThat(text(page, "//section[@id='spans']//p[@class='cut']/span[1]")).isEqualTo("a<b>↵");
    assertThat(texts(page, "//section[@id='making']/dl/*"))
        .containsExactly("date", "2026-01-01", "command", "ltri eval niah --model <M>");
  }

  @Test
  void heatMapHasAFieldPerLengthAndDepth() throws Exception {
    Document page = page(Optional.empty());
    String ltri = "//section[@id='depths']//figure[figcaption='ltri']/svg";
    assertThat(texts(page, ltri + "/g/title"))
        .containsExactlyInAnyOrder(
            "4,096 tokens, depth 0 %: 100.0, n 2",
            "4,096 tokens, depth 50 %: 50.0, n 2", "8,192 tokens, depth 50 %: 100.0, n 1");
    assertThat(texts(page, ltri + "/g/@class")).containsExactlyInAnyOrder("h10", "h5", "h10");
    assertThat(texts(page, ltri + "/rect[@class='unmeasured']")).hasSize(1);
    assertThat(texts(page, "//section[@id='depths']/h3")).containsExactly("niah");
  }

  @Test
  void depthsThatFormNoGridShareBands() throws Exception {
    List<Row> rows = new ArrayList<>();
    for (double depth : new double[] {3, 5, 64, 100}) {
      String sample = Double.toString(depth);
      rows.add(row("niah", 4096, sample, depth, "ltri", 1, "", List.of()));
    }
    Path out = folder.resolve("report.html");
    ReportPage.write(rows, Optional.empty(), Map.of(), out);
    Document page = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(out.toFile());
    assertThat(texts(page, "//section[@id='depths']//g/title"))
        .containsExactly(
            "4,096 tokens, depth 0–10 %: 100.0, n 2",
            "4,096 tokens, depth 60–70 %: 100.0, n 1", "4,096 tokens, depth 90–100 %: 100.0, n 1");
  }

  @Test
  void recallIsTheMeanOfTheSamplesByLayer() throws Exception {
    Document page = page(Optional.empty());
    String ltri = "//section[@id='recall']//tbody/tr[th='ltri']/td[1]";
    assertThat(text(page, ltri + "/svg/title")).isEqualTo("Recall by layer. 0: 0.38, 1: 1");
    // Layer 0: (0 + 0.25 + 0.5 + 0.75) / 4; a chart of 56 units, from the top.
    assertThat(text(page, ltri + "/svg/path[@class='curve']/@d")).isEqualTo("M0 35L160 0");
    assertThat(texts(page, ltri + "/small/b")).containsExactly("0.69", "75.0");
  }

  @Test
  void costsAreMedians() throws Exception {
    Document page = page(Optional.empty());
    // 4 rows of niah and 2 of vt.
    assertThat(texts(page, "//section[@id='cost']//tbody[1]/tr[th='ltri']/td"))
        .containsExactly("6", "4,006", "14.1 s", "400 ms", "1.3 s", "–", "–", "12", "2.5 MB");
    assertThat(CostSection.median(new double[] {5, 1, 2})).hasValue(2);
    assertThat(CostSection.median(new double[] {5, 1, 2, 3})).hasValue(2.5);
    assertThat(CostSection.median(new double[0])).isEmpty();
  }

  @Test
  void spansAreTrianglesAndBars() throws Exception {
    Document page = page(Optional.of(MadeUp.map()));
    String spans = "//section[@id='spans']";
    assertThat(texts(page, spans + "//g[@class='span']/path/@d"))
        .containsExactly("M0 0l19.5 -19.5l19.5 19.5z", "M39 0l13 -13l13 13z");
    assertThat(text(page, spans + "//g[@class='span'][1]/title"))
        .isEqualTo("Tokens 10 to 12 (3), score 1.50, confidence 0.75: a<b>\n");
    assertThat(texts(page, spans + "//text[@class='token']/title"))
        .containsExactly(
            "Token 10: a", "Token 11: <b>", "Token 12: ↵", "Token 13:  \uFFFDd", "Token 14: é");
    // The first row has 3 columns behind the sink: 0.5 is twice their mean, 0.25 once.
    assertThat(text(page, spans + "//path[@class='a1']/@d")).startsWith("M0 0h1v1h-1z");
    assertThat(text(page, spans + "//path[@class='a0']/@d")).startsWith("M0 1h1v1h-1z");
    assertThat(texts(page, spans + "//figure/small"))
        .containsExactly(
            "3 spans, median 9 tokens, mean 15.7", "2 spans, median 2.5 tokens, mean 2.5");
    assertThat(texts(page, spans + "//figure[1]//rect/title"))
        .contains("8 to 11 tokens: 2 spans (66.7 %)", "28 to 31 tokens: 1 span (33.3 %)");
  }

  @Test
  void sameRowsGiveTheSamePage() throws Exception {
    ReportPage.write(measured(), Optional.empty(), Map.of(), folder.resolve("a.html"));
    ReportPage.write(measured(), Optional.empty(), Map.of(), folder.resolve("b.html"));
    assertThat(folder.resolve("a.html")).hasSameTextualContentAs(folder.resolve("b.html"));
  }

  @Test
  void nothingIsAnErrorAndLeavesNoPage() {
    Path out = folder.resolve("report.html");
    assertThatThrownBy(() -> ReportPage.write(List.of(), Optional.empty(), Map.of(), out))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nothing to report");
    assertThatThrownBy(
            () ->
                ReportPage.write(
                    measured(), Optional.empty(), Map.of(), Optional.of("oracle"), out))
        .hasMessageContaining("'oracle' was not measured");
    assertThat(out).doesNotExist();
  }
}
