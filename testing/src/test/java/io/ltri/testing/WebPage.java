package io.ltri.testing;

import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** What a person does in the web page. */
final class WebPage implements AutoCloseable {
  private static final int ENTER = 13;

  final HeadlessBrowser browser;

  private WebPage(HeadlessBrowser browser) {
    this.browser = browser;
  }

  /** Skips the test where there is no browser. */
  static WebPage inBrowser() {
    Path executable = HeadlessBrowser.installed().orElse(null);
    Assumptions.assumeTrue(
        executable != null, "no Chromium here: install one, or name it in LTRI_TEST_CHROMIUM");
    return new WebPage(new HeadlessBrowser(executable));
  }

  void open(URI server, int width) {
    browser.size(width, 900);
    browser.open(server + "/");
    browser.await("document.querySelector('#server').textContent.length > 0");
  }

  /** The button with the title of a document, as an expression; undefined if there is none. */
  static String titled(String title) {
    return "[...document.querySelectorAll('.document .title')].find(b => b.textContent === '"
        + title
        + "')";
  }

  void chooseDocument(String title) {
    browser.await(titled(title) + "?.disabled === false");
    browser.evaluate(titled(title) + ".click()");
    browser.await("document.querySelector('#reader-title').textContent === '" + title + "'");
  }

  /** Types a question and sends it. */
  void ask(String question, int maxTokens) {
    browser.evaluate(
        "document.querySelector('#max-tokens').value = "
            + maxTokens
            + ";document.querySelector('#question').value = '"
            + question
            + "';document.querySelector('#question').focus()");
    browser.press("Enter", ENTER);
  }

  String text(String selector) {
    return browser.evaluate("document.querySelector('" + selector + "').textContent").asString("");
  }

  @Override
  public void close() {
    browser.close();
  }
}
