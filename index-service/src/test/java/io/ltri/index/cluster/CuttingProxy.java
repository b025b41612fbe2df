package io.ltri.index.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/** Carries connections to a port of this machine, and cuts them in the middle of answers. */
final class CuttingProxy implements AutoCloseable {

  private final ServerSocket server;
  private final int target;
  private final Random random = new Random(3);
  final AtomicInteger cuts = new AtomicInteger();

  /** Each connection is cut after at most so many bytes of answers; 0: none is. */
  volatile int most;

  CuttingProxy(int target) throws IOException {
    this.target = target;
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = server.accept();
        double share = random.nextDouble();
        Thread.ofVirtual().start(() -> carry(client, share));
      }
    } catch (IOException closed) {
      // The end.
    }
  }

  private void carry(Socket client, double share) {
    try (client;
        Socket up = new Socket(InetAddress.getLoopbackAddress(), target)) {
      Thread.ofVirtual().start(() -> copy(client, up, 0));
      copy(up, client, share);
    } catch (IOException e) {
      // As a network does.
    }
  }

  /**
   * @param share of the most bytes, after which it is cut; 0: never
   */
  private void copy(Socket from, Socket to, double share) {
    byte[] piece = new byte[8192];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      long carried = 0;
      for (int bytes = in.read(piece); bytes >= 0; bytes = in.read(piece)) {
        if (share > 0 && most > 0 && carried + bytes > most * share) {
          out.write(piece, 0, bytes / 2);
          out.flush();
          cuts.incrementAndGet();
          break;
        }
        out.write(piece, 0, bytes);
        out.flush();
        carried += bytes;
      }
      to.close();
    } catch (IOException e) {
      try {
        to.close();
      } catch (IOException ignored) {
        // It is closed.
      }
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
