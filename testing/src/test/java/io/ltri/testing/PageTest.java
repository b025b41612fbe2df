package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.client.Document;
import io.ltri.client.NewDocument;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The web page over the whole system, in a real browser where there is one. */
@Tag("slow")
class PageTest {
  private static final int ENTER = 13;
  private static final int ARROW_RIGHT = 39;
  private static final int ESCAPE = 27;

  @RegisterExtension static final LtriExtension LTRI = TinyModel.services();

  @TempDir Path folder;
  private WebPage page;
  private HeadlessBrowser browser;

  @BeforeEach
  void openBrowser() {
    page = WebPage.inBrowser();
    browser = page.browser;
  }

  @AfterEach
  void closeBrowser() {
    if (page != null) {
      page.close();
    }
  }

  private void open(int width) {
    page.open(LTRI.http(), width);
  }

  private String read(String title, long seed) throws InterruptedException {
    return LTRI.client()
        .createDocument(NewDocument.of(title, TinyModel.text(900, seed)))
        .document()
        .id();
  }

  private void ask(String question) {
    page.ask(question, 12);
  }

  @Test
  void aFileIsUploadedReadAskedAboutAndTheSpansOfEachTokenLightUp() throws IOException {
    Path file = Files.writeString(folder.resolve("lamp.txt"), TinyModel.text(900, 3));
    open(1400);
    browser.choose("#upload-file", file);
    page.chooseDocument("lamp.txt");
    browser.evaluate(
        """
        window.lit = 0;
        setInterval(() => {
          const now = ["lit-1", "lit-2", "lit-3"].map((n) => CSS.highlights.get(n).size);
          window.lit = Math.max(window.lit, now.reduce((a, b) => a + b));
        }, 1)""");
    ask("what did the keeper write?");
    browser.await("document.querySelector('.answer .figures')");
    assertThat(browser.evaluate("window.lit").asInt(0)).isPositive();
    assertThat(browser.evaluate("document.querySelectorAll('.source').length").asInt(0))
        .isBetween(1, 8);
    assertThat(browser.evaluate("CSS.highlights.get('source').size").asInt(0)).isPositive();
    // What is lit is, to the letter, the text of the source.
    browser.evaluate("document.querySelector('.source').click()");
    browser.await("CSS.highlights.get('chosen').size > 0");
    assertThat(
            browser
                .evaluate(
                    "[...CSS.highlights.get('chosen')].map(String).join('').trim().replace(/\\s+/g, ' ')")
                .asString(""))
        .isEqualTo(browser.evaluate("document.querySelector('.snippet').textContent").asString(""));
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void theArrowKeysGoThroughAnAnswerAndLightWhatEachTokenLookedAt() throws Exception {
    read("keys", 4);
    open(1400);
    page.chooseDocument("keys");
    ask("what did the keeper write?");
    browser.await("document.querySelector('.answer .figures')");
    browser.evaluate("document.querySelector('.words').focus()");
    browser.press("ArrowRight", ARROW_RIGHT);
    assertThat(browser.evaluate("document.querySelectorAll('.looked').length").asInt(0)).isOne();
    browser.await("['lit-1', 'lit-2', 'lit-3'].some((name) => CSS.highlights.get(name).size > 0)");
    assertThat(browser.evaluate("document.querySelector('#said').textContent").asString(""))
        .contains("looked most at");
  }

  @Test
  void theMapOfALayerHasATriangleForEachSpan() throws Exception {
    read("map", 5);
    open(1400);
    page.chooseDocument("map");
    browser.evaluate("document.querySelector('#tab-text').focus()");
    browser.press("ArrowRight", ARROW_RIGHT);
    browser.evaluate(
        "document.querySelector('#map-layer').value = 1;"
            + "document.querySelector('#map-from').value = 200;"
            + "document.querySelector('#map-form').requestSubmit()");
    browser.await("document.querySelector('#map .triangle')");
    assertThat(browser.evaluate("document.querySelectorAll('#map .triangle').length").asInt(0))
        .isEqualTo(browser.evaluate("document.querySelectorAll('#map .cut span').length").asInt(-1))
        .isGreaterThan(5);
    assertThat(browser.complaints()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {360, 800, 1400})
  void nothingIsWiderThanTheWindowAndTheQuestionIsInView(int width) throws Exception {
    read("wide" + width, width);
    open(width);
    if (width < 1152) {
      browser.evaluate("document.querySelector('#views [data-view=library]').click()");
    }
    page.chooseDocument("wide" + width);
    ask("what did the keeper write?");
    browser.await("document.querySelector('.answer .figures')");
    browser.screenshot(Path.of("target", "page-" + width + ".png"));
    assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt(0))
        .isLessThanOrEqualTo(width);
    if (width < 1152) {
      browser.evaluate("document.querySelector('#views [data-view=library]').click()");
    }
    choose("wide" + width, "Details");
    browser.await("document.querySelector('#details').open");
    browser.screenshot(Path.of("target", "page-details-" + width + ".png"));
    assertThat(
            browser
                .evaluate(
                    "(() => { const box = document.querySelector('#details'); const at = box.getBoundingClientRect();"
                        + " return box.scrollWidth <= box.clientWidth && at.left >= 0 && at.right <= innerWidth; })()")
                .asBoolean(false))
        .isTrue();
    browser.press("Escape", ESCAPE);
    browser.await("!document.querySelector('#details').open");
    if (width < 1152) {
      browser.evaluate("document.querySelector('#views [data-view=chat]').click()");
    }
    assertThat(
            browser
                .evaluate(
                    "document.querySelector('#send').getBoundingClientRect().bottom <= innerHeight")
                .asBoolean(false))
        .isTrue();
  }

  private void choose(String title, String item) {
    browser.await(WebPage.titled(title) + "?.disabled === false");
    browser.evaluate(
        "(() => { const menu = "
            + WebPage.titled(title)
            + ".closest('.document').querySelector('.menu'); menu.open = true;"
            + "[...menu.querySelectorAll('button')].find((b) => b.textContent === '"
            + item
            + "').click(); })()");
  }

  private void type(String selector, String value) {
    browser.evaluate("document.querySelector('" + selector + "').value = '" + value + "'");
  }

  @Test
  void titleLabelsEndAndPinAreChangedInTheDetailsAndShownInTheList() throws Exception {
    String id = read("plain", 7);
    open(1400);
    choose("plain", "Details");
    browser.await("document.querySelector('#details').open");
    assertThat(page.text("#details-facts")).contains(id);
    type("#details-labels", "sea, logs , sea");
    type("#details-expires", "2099-05-06T07:08");
    browser.evaluate(
        "document.querySelector('#details-extend').checked = true;"
            + "document.querySelector('#details-pinned').checked = true;"
            + "document.querySelector('#details-name').value = 'renamed';"
            + "document.querySelector('#details-name').focus()");
    browser.press("Enter", ENTER);
    browser.await("!document.querySelector('#details').open");
    browser.await(WebPage.titled("renamed"));
    String entry = WebPage.titled("renamed") + ".closest('.document')";
    assertThat(browser.evaluate(entry + ".querySelector('.labels').textContent").asString(""))
        .isEqualTo("logssea");
    assertThat(browser.evaluate(entry + ".querySelector('.facts').textContent").asString(""))
        .contains("pinned", "until May 6, 2099");
    Document changed = LTRI.client().document(id);
    assertThat(changed.title()).isEqualTo("renamed");
    assertThat(changed.life().tags()).containsExactlyInAnyOrder("sea", "logs");
    assertThat(changed.life().pinned()).isTrue();
    // And taken back.
    choose("renamed", "Details");
    browser.await("document.querySelector('#details').open");
    type("#details-labels", "");
    type("#details-expires", "");
    browser.evaluate("document.querySelector('#details-save').click()");
    browser.await("!document.querySelector('#details').open");
    browser.await("!" + entry + ".querySelector('.labels')");
    assertThat(LTRI.client().document(id).life().tags()).isEmpty();
    assertThat(browser.evaluate(entry + ".querySelector('.facts').textContent").asString(""))
        .doesNotContain("until");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void whatIsRefusedInTheDetailsIsSaidThereAndNothingTypedIsLost() throws Exception {
    String id = read("refused", 8);
    open(1400);
    choose("refused", "Details");
    browser.await("document.querySelector('#details').open");
    type("#details-expires", "2001-01-01T00:00");
    browser.evaluate("document.querySelector('#details-save').click()");
    browser.await("document.querySelector('#details-trouble').textContent.includes('has passed')");
    long unused = LTRI.client().delete(id);
    type("#details-expires", "");
    type("#details-name", "another");
    browser.evaluate("document.querySelector('#details-save').click()");
    browser.await("document.querySelector('#details-trouble').textContent.includes('no document')");
    assertThat(browser.evaluate("document.querySelector('#details').open").asBoolean(false))
        .isTrue();
    assertThat(browser.evaluate("document.querySelector('#details-name').value").asString(""))
        .isEqualTo("another");
    browser.press("Escape", ESCAPE);
    browser.await("!document.querySelector('#details').open");
  }

  @Test
  void aDocumentIsExportedDeletedAfterAQuestionAndBroughtBackWithoutBeingRead() throws Exception {
    String id = read("travels", 9);
    open(1400);
    browser.saveTo(folder);
    choose("travels", "Export");
    Path exported = folder.resolve("travels.ltri");
    browser.await("document.querySelector('#said').textContent === 'travels is exported'");
    for (int i = 0; i < 100 && !Files.exists(exported); i++) {
      Thread.sleep(50);
    }
    choose("travels", "Delete");
    browser.await("document.querySelector('#sure').open");
    browser.press("Escape", ESCAPE);
    browser.await("!document.querySelector('#sure').open");
    assertThat(LTRI.client().document(id).title()).isEqualTo("travels");
    choose("travels", "Delete");
    browser.await("document.querySelector('#sure').open");
    browser.evaluate("document.querySelector('#sure-ok').click()");
    browser.await("!" + WebPage.titled("travels"));
    browser.choose("#upload-file", exported);
    browser.await(WebPage.titled("travels") + "?.disabled === false");
    page.chooseDocument("travels");
    browser.await("document.querySelector('#text').textContent.length > 100");
    // What only looks like one is refused in words.
    byte[] broken = Files.readAllBytes(exported);
    broken[700] ^= 1;
    browser.choose("#upload-file", Files.write(folder.resolve("broken.ltri"), broken));
    browser.await("document.querySelector('#documents .note.bad')");
    assertThat(page.text("#documents .note.bad")).contains("broken.ltri was not taken");
  }

  @Test
  void aQuestionThatWasCancelledIsNotAnsweredByTheNextOne() throws Exception {
    String id = read("kept", 10);
    String other = read("given up", 11);
    open(1400);
    browser.await(WebPage.titled("kept") + "?.disabled === false");
    browser.await(WebPage.titled("given up") + "?.disabled === false");
    // All in one go: the browser tells of the first closing only after the second.
    browser.evaluate(
        "(() => { const remove = (title) => [..."
            + "[...document.querySelectorAll('.document .title')].find(b => b.textContent === title)"
            + ".closest('.document').querySelectorAll('.menu button')]"
            + ".find((b) => b.textContent === 'Delete').click();"
            + "remove('kept'); document.querySelector('#sure').close();"
            + "remove('given up'); document.querySelector('#sure-ok').click(); })()");
    browser.await("!" + WebPage.titled("given up"));
    browser.await("document.querySelector('#said').textContent === 'given up is deleted'");
    assertThat(LTRI.client().document(id).title()).isEqualTo("kept");
    assertThatThrownBy(() -> LTRI.client().document(other)).hasMessageContaining(other);
    assertThat(browser.evaluate("document.querySelector('.note.bad') === null").asBoolean(false))
        .isTrue();
  }

  @Test
  void whatTheServiceRefusesIsSaidAndTheQuestionIsNotLost() throws Exception {
    String id = read("gone", 6);
    open(1400);
    page.chooseDocument("gone");
    long unused = LTRI.client().delete(id);
    ask("what did the keeper write?");
    browser.await("document.querySelector('.answer .bad')");
    assertThat(browser.evaluate("document.querySelector('.answer .bad').textContent").asString(""))
        .contains("there is no document");
    assertThat(browser.evaluate("document.querySelector('#question').value").asString(""))
        .isEqualTo("what did the keeper write?");
  }

  @Test
  void everythingComesFromTheServiceItselfUnderAStrictPolicy() throws Exception {
    open(1400);
    assertThat(
            browser
                .evaluate(
                    "performance.getEntriesByType('resource').filter((e) => !e.name.startsWith(location.origin)).length")
                .asInt(-1))
        .isZero();
    HttpResponse<String> served =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(LTRI.http().resolve("/")).build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(served.headers().firstValue("content-security-policy").orElse(""))
        .contains("default-src 'none'", "frame-ancestors 'none'")
        .doesNotContain("unsafe");
    assertThat(served.headers().firstValue("x-content-type-options")).contains("nosniff");
    assertThat(served.body()).doesNotContainPattern("style=|onclick=|http://|https://");
    // What is put into the page with a style or a script of its own does nothing.
    assertThat(
            browser
                .evaluate(
                    "(() => { const s = document.createElement('script'); s.textContent = 'window.broken = 1';"
                        + " document.body.append(s); return window.broken === 1; })()")
                .asBoolean(true))
        .isFalse();
  }
}
