package io.ltri.inference.http;

import io.ltri.inference.engine.RequestException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Server-sent events. Nothing is written before the first of them, so that a request which fails
 * until then has a status of its own.
 */
final class EventStream {
  /** Proxies close connections that stay silent for a minute or so. */
  private static final long MOST_SILENCE_NANOS = 15_000_000_000L;

  private final HttpServletResponse response;
  private boolean begun;
  private long lastNanos = System.nanoTime();

  EventStream(HttpServletResponse response) {
    this.response = response;
  }

  boolean begun() {
    return begun;
  }

  void data(String data) {
    write("data: " + data + "\n\n");
  }

  void event(String name, String data) {
    write("event: " + name + "\ndata: " + data + "\n\n");
  }

  /** Says something that clients ignore, if nothing has been said for long. */
  void keepAlive() {
    if (System.nanoTime() - lastNanos > MOST_SILENCE_NANOS) {
      write(": still here\n\n");
    }
  }

  private void write(String text) {
    try {
      if (!begun) {
        begun = true;
        response.setContentType("text/event-stream");
        response.setCharacterEncoding("UTF-8");
        response.setHeader("cache-control", "no-store");
        // nginx would collect the events.
        response.setHeader("x-accel-buffering", "no");
      }
      response.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
      response.flushBuffer();
      lastNanos = System.nanoTime();
    } catch (IOException e) {
      throw new RequestException(
          RequestException.Reason.CANCELLED, "nobody reads the answer any more", e);
    }
  }
}
