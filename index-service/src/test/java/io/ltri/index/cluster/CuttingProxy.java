package io.ltri.index.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/** Carries connections to a port of this machine, and cuts every so many of them in the middle. */
final class CuttingProxy implements AutoCloseable {

  private final ServerSocket server;
  private final int target;
  private final AtomicInteger connections = new AtomicInteger();
  final AtomicInteger cuts = new AtomicInteger();

  /** Of so many connections one is cut; 0: none. */
  volatile int every;

  /** Answers are cut after so many bytes. */
  volatile int afterBytes;

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
        boolean cut = every > 0 && connections.incrementAndGet() % every == 0;
        Thread.ofVirtual().start(() -> carry(client, cut));
      }
    } catch (IOException closed) {
      // The end.
    }
  }

  private void carry(Socket client, boolean cut) {
    try (client;
        Socket up = new Socket(InetAddress.getLoopbackAddress(), target)) {
      Thread.ofVirtual().start(() -> copy(client, up, Long.MAX_VALUE));
      copy(up, client, cut ? afterBytes : Long.MAX_VALUE);
      if (cut) {
        cuts.incrementAndGet();
      }
    } catch (IOException e) {
      // As a network does.
    }
  }

  private static void copy(Socket from, Socket to, long most) {
    byte[] piece = new byte[8192];
    long left = most;
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      while (left > 0) {
        int bytes = in.read(piece, 0, (int) Math.min(piece.length, left));
        if (bytes < 0) {
          break;
        }
        out.write(piece, 0, bytes);
        out.flush();
        left -= bytes;
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
