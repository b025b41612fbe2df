package io.ltri.placement.helix;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;

/**
 * A ZooKeeper server of one in this process, on loopback: for demonstrations and tests, where
 * nothing has to outlive this process.
 */
public final class EmbeddedZooKeeper implements AutoCloseable {

  private static final int TICK_MILLIS = 500;
  private static final int CONNECTIONS = 200;

  private final ServerCnxnFactory connections;

  private EmbeddedZooKeeper(ServerCnxnFactory connections) {
    this.connections = connections;
  }

  /**
   * @param port 0: a free one
   */
  public static EmbeddedZooKeeper start(Path folder, int port)
      throws IOException, InterruptedException {
    ZooKeeperServer server = new ZooKeeperServer(folder.toFile(), folder.toFile(), TICK_MILLIS);
    ServerCnxnFactory connections =
        ServerCnxnFactory.createFactory(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECTIONS);
    connections.startup(server);
    return new EmbeddedZooKeeper(connections);
  }

  /** As clients name it. */
  public String connectString() {
    return "127.0.0.1:" + connections.getLocalPort();
  }

  @Override
  public void close() {
    connections.shutdown();
  }
}
