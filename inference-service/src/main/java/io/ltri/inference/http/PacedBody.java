package io.ltri.inference.http;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.apache.coyote.BadRequestException;
import org.apache.coyote.InputBuffer;
import org.apache.coyote.Request;
import org.apache.tomcat.util.net.ApplicationBufferHandler;

/**
 * The bodies of a connection's requests. One that has not come after the given time must have
 * brought {@value #LEAST_BYTES_A_SECOND} bytes for each second since; else the web server answers
 * 400 and closes the connection.
 */
final class PacedBody implements InputBuffer {
  static final int LEAST_BYTES_A_SECOND = 1024;

  private final Request request;
  private final InputBuffer source;
  private final long patienceNanos;
  private long requestStart;
  private long beganNanos;
  private long bytes;

  PacedBody(Request request, InputBuffer source, Duration patience) {
    this.request = request;
    this.source = source;
    this.patienceNanos = patience.toNanos();
  }

  @Override
  public int doRead(ApplicationBufferHandler handler) throws IOException {
    if (request.getStartTimeNanos() != requestStart) {
      requestStart = request.getStartTimeNanos();
      beganNanos = System.nanoTime();
      bytes = 0;
    }
    int read;
    try {
      read = source.doRead(handler);
    } catch (SocketTimeoutException e) {
      throw new BadRequestException("the body did not come", e);
    }
    bytes += Math.max(0, read);
    double late = (System.nanoTime() - beganNanos - patienceNanos) / 1e9;
    if (read >= 0 && late * LEAST_BYTES_A_SECOND > bytes) {
      throw new BadRequestException("the body comes too slowly");
    }
    return read;
  }

  @Override
  public int available() {
    return source.available();
  }
}
