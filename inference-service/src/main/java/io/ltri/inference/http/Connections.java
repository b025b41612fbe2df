package io.ltri.inference.http;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.coyote.Constants;
import org.apache.coyote.RequestInfo;
import org.apache.tomcat.util.net.SocketWrapperBase;

/**
 * Tells whether the client of a request is still there. The servlet interface has no word for that:
 * without it, an answer that nobody waits for would be noticed when it is written, which may be
 * minutes of reading later.
 */
final class Connections {
  private final Map<String, Served> served = new ConcurrentHashMap<>();
  private volatile long patienceNanos = Long.MAX_VALUE;

  /** A connection of which a request is being served. */
  private static final class Served {
    private final SocketWrapperBase<?> socket;
    private final RequestInfo request;

    /** Since when what is left of the request's body is thrown away; 0: it is not. */
    private long remainsSinceNanos;

    Served(SocketWrapperBase<?> socket, RequestInfo request) {
      this.socket = socket;
      this.request = request;
    }
  }

  void patience(Duration most) {
    patienceNanos = most.toNanos();
  }

  void begin(SocketWrapperBase<?> socket, RequestInfo request) {
    served.put(id(socket), new Served(socket, request));
  }

  void end(SocketWrapperBase<?> socket) {
    served.remove(id(socket));
  }

  /**
   * Closes connections whose request was answered, but whose client goes on to send its body bit by
   * bit. One thread calls this, now and then.
   */
  void closeSlow() {
    long now = System.nanoTime();
    for (Served connection : served.values()) {
      if (connection.request.getStage() != Constants.STAGE_ENDINPUT) {
        connection.remainsSinceNanos = 0;
      } else if (connection.remainsSinceNanos == 0) {
        connection.remainsSinceNanos = now;
      } else if (now - connection.remainsSinceNanos > patienceNanos) {
        connection.socket.close();
      }
    }
  }

  private static String id(SocketWrapperBase<?> socket) {
    return socket.getServletConnection("http/1.1", "").getConnectionId();
  }

  /**
   * Whether the client has closed its connection, or its sending side; one read that does not wait.
   * For the thread that serves the request.
   */
  boolean gone(HttpServletRequest request) {
    Served found = served.get(request.getServletConnection().getConnectionId());
    if (found == null) {
      return false;
    }
    SocketWrapperBase<?> socket = found.socket;
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
