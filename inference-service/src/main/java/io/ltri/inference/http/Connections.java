package io.ltri.inference.http;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.tomcat.util.net.SocketWrapperBase;

/**
 * Tells whether the client of a request is still there. The servlet interface has no word for that:
 * without it, an answer that nobody waits for would be noticed when it is written, which may be
 * minutes of reading later.
 */
final class Connections {
  private final Map<String, SocketWrapperBase<?>> sockets = new ConcurrentHashMap<>();

  void begin(SocketWrapperBase<?> socket) {
    sockets.put(id(socket), socket);
  }

  void end(SocketWrapperBase<?> socket) {
    sockets.remove(id(socket));
  }

  private static String id(SocketWrapperBase<?> socket) {
    return socket.getServletConnection("http/1.1", "").getConnectionId();
  }

  /**
   * Whether the client has closed its connection, or its sending side; one read that does not wait.
   * For the thread that serves the request.
   */
  boolean gone(HttpServletRequest request) {
    SocketWrapperBase<?> socket = sockets.get(request.getServletConnection().getConnectionId());
    if (socket == null) {
      return false;
    }
    try {
      // What has come stays in the server's buffer for the next request; an end of the stream is
      // an exception.
      boolean unused = socket.isReadyForRead();
      return socket.isClosed();
    } catch (IOException e) {
      return true;
    }
  }
}
