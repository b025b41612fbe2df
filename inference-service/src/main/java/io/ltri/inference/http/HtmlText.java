package io.ltri.inference.http;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeTraversor;
import org.jsoup.select.NodeVisitor;

/**
 * The text of an HTML page: blocks on lines of their own, nothing of scripts, styles and marks.
 * Main class of the process that does it, which writes what {@link PdfText} writes, as one page.
 */
final class HtmlText {

  private HtmlText() {}

  /**
   * @param arguments the file
   */
  public static void main(String[] arguments) {
    try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out))) {
      byte[] text = of(Path.of(arguments[0])).getBytes(StandardCharsets.UTF_8);
      out.writeInt(1);
      out.writeInt(text.length);
      out.write(text);
    } catch (IOException | RuntimeException e) {
      System.exit(PdfText.UNREADABLE);
    }
  }

  /** In the character set that the page names, else UTF-8. */
  static String of(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return of(Jsoup.parse(in, null, ""));
    }
  }

  private static String of(Document page) {
    page.select("script, style, noscript, template, head > *:not(title)").remove();
    StringBuilder text = new StringBuilder();
    NodeTraversor.traverse(
        new NodeVisitor() {
          @Override
          public void head(Node node, int depth) {
            if (node instanceof TextNode words) {
              append(text, words);
            } else if (node instanceof Element element) {
              if (element.normalName().equals("br")) {
                text.append('\n');
              } else if (element.isBlock() || element.normalName().equals("title")) {
                line(text);
                if (element.normalName().equals("li")) {
                  text.append("- ");
                }
              } else if (element.normalName().matches("td|th")) {
                space(text);
              }
            }
          }

          @Override
          public void tail(Node node, int depth) {
            if (node instanceof Element element
                && (element.isBlock() || element.normalName().equals("title"))) {
              line(text);
              if (element.normalName().matches("p|h[1-6]|ul|ol|table|pre|blockquote|title")
                  && text.length() > 1
                  && text.charAt(text.length() - 2) != '\n') {
                text.append('\n');
              }
            }
          }
        },
        page);
    return text.toString().strip() + "\n";
  }

  private static void append(StringBuilder text, TextNode words) {
    if (words.parent() instanceof Element parent && parent.closest("pre") != null) {
      text.append(words.getWholeText());
      return;
    }
    String written = words.text();
    if (written.isBlank()) {
      space(text);
      return;
    }
    if (written.startsWith(" ")) {
      space(text);
      written = written.substring(1);
    }
    text.append(written);
  }

  private static void space(StringBuilder text) {
    if (!text.isEmpty() && !Character.isWhitespace(text.charAt(text.length() - 1))) {
      text.append(' ');
    }
  }

  private static void line(StringBuilder text) {
    while (!text.isEmpty() && text.charAt(text.length() - 1) == ' ') {
      text.setLength(text.length() - 1);
    }
    if (!text.isEmpty() && text.charAt(text.length() - 1) != '\n') {
      text.append('\n');
    }
  }
}
