package io.ltri.inference.http;

import java.io.IOException;
import org.apache.coyote.Processor;
import org.apache.coyote.http11.Http11NioProtocol;
import org.apache.coyote.http11.Http11Processor;
import org.apache.tomcat.util.net.AbstractEndpoint.Handler.SocketState;
import org.apache.tomcat.util.net.SocketWrapperBase;

/** HTTP/1.1 as the web server speaks it, whose connections {@link Connections} knows. */
public final class WatchedProtocol extends Http11NioProtocol {
  private final Connections connections = new Connections();

  Connections connections() {
    return connections;
  }

  @Override
  protected Processor createProcessor() {
    return new Http11Processor(this, getAdapter()) {
      @Override
      public SocketState service(SocketWrapperBase<?> socket) throws IOException {
        connections.begin(socket);
        try {
          return super.service(socket);
        } finally {
          connections.end(socket);
        }
      }
    };
  }
}
