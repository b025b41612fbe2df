package io.ltri.inference.http;

import io.ltri.inference.engine.Documents;
import io.ltri.inference.retrieval.IndexedDocument;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A text that is being read in the background. Any thread. */
final class Reading implements Documents.ProgressListener {

  /** Where a reading is. */
  enum State {
    WAITING,
    READING,
    SEALING,
    READY,
    FAILED
  }

  /**
   * A reading at one moment.
   *
   * @param id null while it waits for another reading of the same text
   * @param version grows with each change
   */
  record Snapshot(
      State state,
      @Nullable String id,
      long readTokens,
      long readBytes,
      long totalBytes,
      double tokensPerSecond,
      @Nullable IndexedDocument document,
      @Nullable RuntimeException failure,
      int version) {

    boolean ended() {
      return state == State.READY || state == State.FAILED;
    }

    /** How many tokens the text will have, by what is read; 0: not known yet. */
    long expectedTokens() {
      return readBytes == 0
          ? 0
          : Math.max(readTokens, Math.round((double) readTokens * totalBytes / readBytes));
    }
  }

  final String tenant;
  final String title;
  final long createdMillis = System.currentTimeMillis();
  final int pages;
  private final long startNanos = System.nanoTime();
  private Snapshot now;
  private boolean cancelled;

  Reading(String tenant, String title, int pages, long totalBytes) {
    this.tenant = tenant;
    this.title = title;
    this.pages = pages;
    this.now = new Snapshot(State.WAITING, null, 0, 0, totalBytes, 0, null, null, 0);
  }

  synchronized Snapshot now() {
    return now;
  }

  /** Waits until something has changed, for so long. */
  synchronized Snapshot after(int version, long millis) {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    try {
      while (now.version() <= version && !now.ended()) {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
          break;
        }
        wait(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return now;
  }

  /** Waits until it has an id, or has ended. */
  synchronized Snapshot begun() throws InterruptedException {
    while (now.id() == null && !now.ended()) {
      wait();
    }
    return now;
  }

  synchronized void cancel() {
    cancelled = true;
  }

  synchronized boolean cancelled() {
    return cancelled;
  }

  @Override
  public synchronized void began(String documentId) {
    change(State.READING, documentId, now.readTokens(), now.readBytes(), null, null);
  }

  @Override
  public synchronized void read(Documents.Progress progress) {
    change(State.READING, now.id(), progress.tokens(), progress.textBytes(), null, null);
  }

  @Override
  public synchronized void sealing() {
    change(State.SEALING, now.id(), now.readTokens(), now.totalBytes(), null, null);
  }

  synchronized void ready(IndexedDocument document) {
    change(State.READY, document.id(), now.readTokens(), now.totalBytes(), document, null);
  }

  synchronized void failed(RuntimeException failure) {
    change(State.FAILED, now.id(), now.readTokens(), now.readBytes(), null, failure);
  }

  private void change(
      State state,
      @Nullable String id,
      long tokens,
      long bytes,
      @Nullable IndexedDocument document,
      @Nullable RuntimeException failure) {
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    now =
        new Snapshot(
            state,
            id,
            tokens,
            bytes,
            now.totalBytes(),
            seconds > 0 ? tokens / seconds : 0,
            document,
            failure,
            now.version() + 1);
    notifyAll();
  }
}
