package io.ltri.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A text to be read. The text is streamed: it is never held in memory as a whole unless it was
 * given as a string.
 *
 * @param title shown in lists
 * @param system the system message under which it is read; empty for the chat template's own
 * @param policy "full", "streaming", "ltri", or one to compare with: "uniform", "sentence",
 *     "random", "em-llm", "infllm", "oracle"; empty for the server's
 * @param fresh read it even if it is known
 * @param sizeBytes length of the text, for progress; 0 when unknown
 * @param text opened once, closed by the client
 */
public record NewDocument(
    String title, String system, String policy, boolean fresh, long sizeBytes, TextSource text) {

  /** Opens UTF-8 text. */
  @FunctionalInterface
  public interface TextSource {
    InputStream open() throws IOException;
  }

  /** The text of a file, titled by its name. */
  public static NewDocument of(Path file) {
    Path name = file.getFileName();
    long sizeBytes = 0;
    try {
      sizeBytes = Files.size(file);
    } catch (IOException unknown) {
      // Only progress needs the size; a file that cannot be read is reported when it is opened.
    }
    return new NewDocument(
        name == null ? file.toString() : name.toString(),
        "",
        "",
        false,
        sizeBytes,
        () -> Files.newInputStream(file));
  }

  public static NewDocument of(String title, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return new NewDocument(
        title, "", "", false, bytes.length, () -> new ByteArrayInputStream(bytes));
  }

  /** Text of unknown length. The stream is read by another thread and closed at the end. */
  public static NewDocument of(String title, InputStream text) {
    return new NewDocument(title, "", "", false, 0, () -> text);
  }

  public NewDocument withTitle(String newTitle) {
    return new NewDocument(newTitle, system, policy, fresh, sizeBytes, text);
  }

  public NewDocument withSystem(String newSystem) {
    return new NewDocument(title, newSystem, policy, fresh, sizeBytes, text);
  }

  public NewDocument withFresh(boolean newFresh) {
    return new NewDocument(title, system, policy, newFresh, sizeBytes, text);
  }

  public NewDocument withPolicy(String newPolicy) {
    return new NewDocument(title, system, newPolicy, fresh, sizeBytes, text);
  }
}
