package io.ltri.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** A connection on which anything may be sent, whether it is HTTP or not. */
final class RawHttp implements AutoCloseable {
  private final Socket socket = new Socket();

  /**
   * @param receiveBytes of the system's buffer; 0: as many as it likes
   */
  RawHttp(URI server, int receiveBytes) throws IOException {
    if (receiveBytes > 0) {
      socket.setReceiveBufferSize(receiveBytes);
    }
    socket.connect(new InetSocketAddress(server.getHost(), server.getPort()));
    socket.setTcpNoDelay(true);
  }

  RawHttp send(String bytes) throws IOException {
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
    return this;
  }

  /**
   * All that comes until the server closes the connection.
   *
   * @throws SocketTimeoutException if it does not
   */
  String untilClosed(int millis) throws IOException {
    socket.setSoTimeout(millis);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try {
      InputStream in = socket.getInputStream();
      for (int next = in.read(); next >= 0; next = in.read()) {
        all.write(next);
      }
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      // Reset: closed, too.
    }
    return all.toString(StandardCharsets.ISO_8859_1);
  }

  /** Sends a byte again and again until the server has closed the connection. */
  boolean closesWhileSent(char drop, int everyMillis, int mostMillis) throws Exception {
    long end = System.nanoTime() + mostMillis * 1_000_000L;
    socket.setSoTimeout(everyMillis);
    while (System.nanoTime() < end) {
      try {
        socket.getOutputStream().write(drop);
        if (socket.getInputStream().read() < 0) {
          return true;
        }
      } catch (SocketTimeoutException e) {
        // Nothing came; go on.
      } catch (IOException e) {
        return true;
      }
    }
    return false;
  }

  static int status(String answer) {
    return answer.startsWith("HTTP/1.1 ") ? Integer.parseInt(answer.substring(9, 12)) : 0;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
