package io.ltri.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A way to a server on this machine on which every byte takes so long, in both directions. Any
 * thread.
 */
final class SlowPath implements AutoCloseable {
  private static final int PIECE = 1 << 16;

  private record Piece(long dueNanos, byte[] bytes) {}

  private final ServerSocket entrance;
  private final InetSocketAddress server;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private volatile long delayNanos;

  /**
   * @param server host:port
   */
  SlowPath(String server) {
    int colon = server.lastIndexOf(':');
    this.server =
        new InetSocketAddress(
            server.substring(0, colon), Integer.parseInt(server.substring(colon + 1)));
    try {
      this.entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().start(this::accept);
  }

  /** host:port to connect to. */
  String address() {
    return "127.0.0.1:" + entrance.getLocalPort();
  }

  /** What is on its way already keeps its time. */
  void delay(Duration delay) {
    delayNanos = delay.toNanos();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = entrance.accept();
        Socket target;
        try {
          target = new Socket(server.getAddress(), server.getPort());
        } catch (IOException e) {
          // As if nobody had listened at the entrance.
          client.close();
          continue;
        }
        client.setTcpNoDelay(true);
        target.setTcpNoDelay(true);
        sockets.add(client);
        sockets.add(target);
        join(client, target);
        join(target, client);
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void join(Socket from, Socket to) {
    BlockingQueue<Piece> onTheirWay = new LinkedBlockingQueue<>();
    Thread.ofVirtual()
        .start(
            () -> {
              byte[] buffer = new byte[PIECE];
              try {
                int read = from.getInputStream().read(buffer);
                while (read >= 0) {
                  onTheirWay.add(
                      new Piece(System.nanoTime() + delayNanos, Arrays.copyOf(buffer, read)));
                  read = from.getInputStream().read(buffer);
                }
              } catch (IOException e) {
                // The end of the connection.
              }
              onTheirWay.add(new Piece(0, new byte[0]));
            });
    Thread.ofVirtual()
        .start(
            () -> {
              try (from;
                  to) {
                Piece piece = onTheirWay.take();
                while (piece.bytes().length > 0) {
                  long left = piece.dueNanos() - System.nanoTime();
                  if (left > 0) {
                    Thread.sleep(Duration.ofNanos(left));
                  }
                  to.getOutputStream().write(piece.bytes());
                  piece = onTheirWay.take();
                }
              } catch (IOException e) {
                // The end of the connection.
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              } finally {
                sockets.remove(from);
                sockets.remove(to);
              }
            });
  }

  @Override
  public void close() throws IOException {
    entrance.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
