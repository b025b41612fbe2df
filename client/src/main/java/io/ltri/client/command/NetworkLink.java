package io.ltri.client.command;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A network between two processes of this machine, which can be cut: a port of loopback, all that
 * comes there goes on to another one. While it is cut, nothing passes in either direction and
 * nobody is told; connections stay open, and new ones are taken and lead nowhere, as where packets
 * are dropped. Any thread.
 */
final class NetworkLink implements AutoCloseable {

  private static final int PIECE_BYTES = 64 * 1024;

  private final ServerSocket listening;
  private final int port;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition mended = lock.newCondition();
  private boolean cut;
  private boolean closed;

  private NetworkLink(ServerSocket listening, int port) {
    this.listening = listening;
    this.port = port;
  }

  /**
   * @param port of loopback, where it leads; nobody need listen there yet
   */
  static NetworkLink to(int port) throws IOException {
    NetworkLink link =
        new NetworkLink(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), port);
    Thread.ofVirtual().name("link-" + port).start(link::accept);
    return link;
  }

  /** Its near end, host:port. */
  String address() {
    return "127.0.0.1:" + listening.getLocalPort();
  }

  void cut() {
    set(true);
  }

  void mend() {
    set(false);
  }

  private void set(boolean nothingPasses) {
    lock.lock();
    try {
      cut = nothingPasses;
      mended.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits while it is cut; false: it is closed. */
  private boolean passes() {
    lock.lock();
    try {
      while (cut && !closed) {
        mended.awaitUninterruptibly();
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  private void accept() {
    while (true) {
      try {
        Socket near = listening.accept();
        sockets.add(near);
        Thread.ofVirtual().name("link-open-" + port).start(() -> connect(near));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void connect(Socket near) {
    if (!passes()) {
      return;
    }
    try {
      Socket far = new Socket(InetAddress.getLoopbackAddress(), port);
      sockets.add(far);
      near.setTcpNoDelay(true);
      far.setTcpNoDelay(true);
      Thread.ofVirtual().name("link-there-" + port).start(() -> carry(near, far));
      carry(far, near);
    } catch (IOException e) {
      // Nobody listens there: that is passed on.
      drop(near);
    }
  }

  private void carry(Socket from, Socket to) {
    byte[] piece = new byte[PIECE_BYTES];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      int bytes = in.read(piece);
      while (bytes >= 0 && passes()) {
        out.write(piece, 0, bytes);
        bytes = in.read(piece);
      }
    } catch (IOException e) {
      // One side has ended.
    }
    // The end of a connection does not pass a cut either.
    boolean unused = passes();
    drop(from);
    drop(to);
  }

  private void drop(Socket socket) {
    sockets.remove(socket);
    try {
      socket.close();
    } catch (IOException e) {
      // It is gone.
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      mended.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      listening.close();
    } catch (IOException e) {
      // It is gone.
    }
    sockets.forEach(this::drop);
  }
}
