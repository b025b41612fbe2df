package io.ltri.inference.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Something that is opened by a thread of its own while the caller does something else. Unless it
 * is kept, closing this waits for it and closes it.
 */
final class Opening<T extends AutoCloseable> implements AutoCloseable {
  private final FutureTask<T> task;
  private boolean kept;

  Opening(Callable<T> opener) {
    task = new FutureTask<>(opener);
    Thread.ofPlatform().name("opening").daemon().start(task);
  }

  /** Waits for it; exceptions come through unchanged. */
  T get() throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException known -> throw known;
        case RuntimeException known -> throw known;
        case Error known -> throw known;
        case null, default -> throw new IllegalStateException(e.getCause());
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** From now on the caller closes it. */
  void keep() {
    kept = true;
  }

  @Override
  public void close() throws IOException {
    if (kept) {
      return;
    }
    T opened;
    try {
      opened = get();
    } catch (IOException | RuntimeException e) {
      // What there is to say of it get() has said, or something else went wrong first.
      return;
    }
    try {
      opened.close();
    } catch (RuntimeException | IOException e) {
      throw e;
    } catch (Exception e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }
}
