package io.ltri.edge.access;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads files again when they have changed. Where that fails, for a file is half-written or
 * nonsense, what was read before stays in use and the next look tries again.
 */
final class FollowedFiles {

  /** Reads the files. */
  interface Reading {
    void read() throws IOException, GeneralSecurityException;
  }

  /** One thread for all files of the process; it holds nothing that must be closed. */
  private static final ScheduledExecutorService WATCHER =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("followed-files").daemon().factory());

  private final List<Path> files;
  private final Reading reading;
  private List<FileState> read;
  private List<FileState> failed = List.of();

  private FollowedFiles(List<Path> files, Reading reading)
      throws IOException, GeneralSecurityException {
    this.files = files;
    this.reading = reading;
    this.read = state(files);
    reading.read();
  }

  /**
   * Reads the files now, and whenever they have changed.
   *
   * @throws IOException if the first reading fails
   * @throws GeneralSecurityException likewise
   */
  static void follow(List<Path> files, Duration lookAgain, Reading reading)
      throws IOException, GeneralSecurityException {
    FollowedFiles followed = new FollowedFiles(files, reading);
    var unused =
        WATCHER.scheduleWithFixedDelay(
            followed::look, lookAgain.toMillis(), lookAgain.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void look() {
    List<FileState> now = List.of();
    try {
      now = state(files);
      if (!now.equals(read)) {
        reading.read();
        read = now;
      }
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      if (!now.equals(failed)) {
        Log.LOG.warn("{} cannot be used, what was read before stays: {}", files, e.toString());
        failed = now;
      }
    }
  }

  private static List<FileState> state(List<Path> files) throws IOException {
    List<FileState> state = new ArrayList<>();
    for (Path file : files) {
      state.add(FileState.of(file));
    }
    return state;
  }

  /** Apart, so that a client without a log library can load the class. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(FollowedFiles.class);
  }
}
