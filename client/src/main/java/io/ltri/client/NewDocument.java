package io.ltri.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

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
 * @param text opened, read and closed by the client; a second time where the service broke off and
 *     the client is patient
 * @param from a document that this text continues, or whose kept text is read again
 * @param keeping how long it is kept, and whose it is
 */
public record NewDocument(
    String title,
    String system,
    String policy,
    boolean fresh,
    long sizeBytes,
    TextSource text,
    From from,
    Keeping keeping) {

  /**
   * An older document under the new one.
   *
   * @param continues handle of the document that the text continues; empty: none
   * @param rebuilds handle of the document whose kept text is read again instead of a new one, and
   *     which the new document replaces; empty: none
   */
  public record From(String continues, String rebuilds) {
    static final From NOTHING = new From("", "");
  }

  /**
   * How a document is kept.
   *
   * @param forgetText do not keep the text, so that the document cannot be rebuilt
   * @param tenant whose it is; empty: nobody's in particular
   * @param expireAfter zero: never
   * @param extendWithUse each use puts the end off
   * @param replicas index nodes of a cluster that are to serve it, 1 to 16; 0: as many as of every
   *     document, or as of the one that it continues
   */
  public record Keeping(
      boolean forgetText,
      String tenant,
      Duration expireAfter,
      boolean extendWithUse,
      int replicas) {

    /** On as many index nodes as every document. */
    public Keeping(boolean forgetText, String tenant, Duration expireAfter, boolean extendWithUse) {
      this(forgetText, tenant, expireAfter, extendWithUse, 0);
    }

    static final Keeping DEFAULT = new Keeping(false, "", Duration.ZERO, false);
  }

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
    return of(
        name == null ? file.toString() : name.toString(),
        sizeBytes,
        () -> Files.newInputStream(file));
  }

  public static NewDocument of(String title, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return of(title, bytes.length, () -> new ByteArrayInputStream(bytes));
  }

  /** Text of unknown length. The stream is read by another thread and closed at the end. */
  public static NewDocument of(String title, InputStream text) {
    return of(title, 0, new Stream(text));
  }

  /** Read where it is opened, and then no more. */
  private record Stream(InputStream open) implements TextSource {}

  boolean canBeReadAgain() {
    return !(text instanceof Stream);
  }

  /** The kept text of a document, to be read again by the running model and settings. */
  public static NewDocument rebuilding(String id) {
    NewDocument none = of("document " + id, 0, InputStream::nullInputStream);
    return none.with(new From("", id));
  }

  private static NewDocument of(String title, long sizeBytes, TextSource text) {
    return new NewDocument(title, "", "", false, sizeBytes, text, From.NOTHING, Keeping.DEFAULT);
  }

  public NewDocument withTitle(String newTitle) {
    return new NewDocument(newTitle, system, policy, fresh, sizeBytes, text, from, keeping);
  }

  public NewDocument withSystem(String newSystem) {
    return new NewDocument(title, newSystem, policy, fresh, sizeBytes, text, from, keeping);
  }

  public NewDocument withFresh(boolean newFresh) {
    return new NewDocument(title, system, policy, newFresh, sizeBytes, text, from, keeping);
  }

  public NewDocument withPolicy(String newPolicy) {
    return new NewDocument(title, system, newPolicy, fresh, sizeBytes, text, from, keeping);
  }

  /** As a continuation of this document, whose files it shares. */
  public NewDocument continuing(String id) {
    return with(new From(id, ""));
  }

  public NewDocument withKeeping(Keeping newKeeping) {
    return new NewDocument(title, system, policy, fresh, sizeBytes, text, from, newKeeping);
  }

  private NewDocument with(From newFrom) {
    return new NewDocument(title, system, policy, fresh, sizeBytes, text, newFrom, keeping);
  }
}
