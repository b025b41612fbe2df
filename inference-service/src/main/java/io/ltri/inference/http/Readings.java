package io.ltri.inference.http;

import io.grpc.Context;
import io.ltri.inference.engine.Documents;
import io.ltri.inference.engine.NewText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;

/** Texts that are being read in the background, and those that failed lately. Any thread. */
@Component
final class Readings implements DisposableBean {
  private static final Logger log = LoggerFactory.getLogger(Readings.class);
  private static final int KEPT_FAILURES = 256;
  private static final int SHUTDOWN_SECONDS = 5;

  private final Documents documents;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  /** By what is read and for whom: the same work is not begun twice. */
  private final Map<String, Reading> running = new LinkedHashMap<>();

  private final Map<String, Reading> failed =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Reading> eldest) {
          return size() > KEPT_FAILURES;
        }
      };

  Readings(Documents documents) {
    this.documents = documents;
  }

  /**
   * Begins to read, or joins a reading of the same text, and comes back when the document has an
   * id.
   *
   * @param text its received text is closed when it has been read
   * @throws RuntimeException if it failed before that
   */
  Reading begin(NewText text) {
    String key = key(text);
    Reading reading;
    synchronized (running) {
      Reading other = text.fresh() ? null : running.get(key);
      if (other != null) {
        text.text().close();
        reading = other;
      } else {
        reading =
            new Reading(
                text.tenant(), text.title(), text.pageStarts().length, text.text().sizeBytes());
        running.put(text.fresh() ? key + reading.createdMillis + System.nanoTime() : key, reading);
        Reading started = reading;
        // With what the thread of the request knows of its caller.
        threads.execute(Context.current().wrap(() -> read(started, text)));
      }
    }
    try {
      Reading.Snapshot begun = reading.begun();
      if (begun.state() == Reading.State.FAILED && begun.failure() != null) {
        throw begun.failure();
      }
      return reading;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static String key(NewText text) {
    return String.join(
        "\n",
        text.tenant(),
        text.text().sha256(),
        text.system(),
        String.valueOf(text.policy()),
        String.valueOf(text.continues()),
        Boolean.toString(text.keepText()));
  }

  private void read(Reading reading, NewText text) {
    try {
      Documents.Created created = documents.create(text, reading, reading::cancelled);
      forget(reading);
      reading.ready(created.document());
    } catch (RuntimeException e) {
      String id = reading.now().id();
      log.warn("the document '{}' was not read: {}", text.title(), e.getMessage());
      forget(reading);
      if (id != null && !reading.cancelled()) {
        synchronized (running) {
          failed.put(id, reading);
        }
      }
      reading.failed(e);
    } finally {
      text.text().close();
    }
  }

  private void forget(Reading reading) {
    synchronized (running) {
      running.values().removeIf(other -> other == reading);
    }
  }

  /** The reading that makes a document, or did not. */
  Optional<Reading> find(String id) {
    synchronized (running) {
      for (Reading reading : running.values()) {
        if (id.equals(reading.now().id())) {
          return Optional.of(reading);
        }
      }
      return Optional.ofNullable(failed.get(id));
    }
  }

  /** What is being read for a tenant, newest first. */
  List<Reading> running(String tenant) {
    List<Reading> list = new ArrayList<>();
    synchronized (running) {
      for (Reading reading : running.values()) {
        if (reading.tenant.equals(tenant) && reading.now().id() != null) {
          list.addFirst(reading);
        }
      }
    }
    return list;
  }

  /** Forgets a reading that failed. */
  void dropFailed(String id) {
    synchronized (running) {
      failed.remove(id);
    }
  }

  /** Readings end at their next chunk; what they had read goes on from its last checkpoint. */
  @Override
  public void destroy() {
    synchronized (running) {
      running.values().forEach(Reading::cancel);
    }
    threads.shutdown();
    try {
      if (!threads.awaitTermination(SHUTDOWN_SECONDS, TimeUnit.SECONDS)) {
        log.warn("readings did not end within {} s", SHUTDOWN_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
