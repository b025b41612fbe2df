package io.ltri.inference.http;

import java.io.IOException;
import java.time.Duration;
import org.apache.coyote.Processor;
import org.apache.coyote.http11.Http11NioProtocol;
import org.apache.coyote.http11.Http11Processor;
import org.apache.tomcat.util.net.AbstractEndpoint.Handler.SocketState;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 as the web server speaks it, whose connections {@link Connections} knows. The server's
 * own time-outs begin anew with each byte; here a client that sends bytes one by one is given up.
 */
public final class WatchedProtocol extends Http11NioProtocol {
  private final Connections connections = new Connections();
  private volatile Duration patience = Duration.ofSeconds(20);

  Connections connections() {
    return connections;
  }

  /** How long a head may take, and a body that comes slower than {@link PacedBody} wants. */
  void patience(Duration most) {
    patience = most;
    connections.patience(most);
  }

  @Override
  protected Processor createProcessor() {
    return new Watched();
  }

  /** One connection's, while a request is on its way; used again for others. */
  private final class Watched extends Http11Processor {
    /** Of which a part of a head has come. */
    private @Nullable SocketWrapperBase<?> incomplete;

    private long headSinceNanos;

    Watched() {
      super(WatchedProtocol.this, WatchedProtocol.this.getAdapter());
      request.setInputBuffer(new PacedBody(request, request.getInputBuffer(), patience));
    }

    @Override
    public SocketState service(SocketWrapperBase<?> socket) throws IOException {
      if (incomplete != socket) {
        headSinceNanos = System.nanoTime();
      } else if (System.nanoTime() - headSinceNanos > patience.toNanos()) {
        incomplete = null;
        return SocketState.CLOSED;
      }
      connections.begin(socket, request.getRequestProcessor());
      try {
        SocketState next = super.service(socket);
        incomplete = next == SocketState.LONG ? socket : null;
        return next;
      } finally {
        connections.end(socket);
      }
    }
  }
}
