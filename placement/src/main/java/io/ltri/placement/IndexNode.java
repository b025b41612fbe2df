package io.ltri.placement;

import java.util.stream.Stream;

/**
 * An index node, as others find it.
 *
 * @param name unique in the cluster; stays with the node when its address changes
 * @param host by which others reach it
 * @param port of its gRPC service
 * @param zone what fails together has one zone; replicas are spread over zones. Empty: none
 */
public record IndexNode(String name, String host, int port, String zone) {

  public IndexNode {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,62}")) {
      throw new IllegalArgumentException(
          "the name of a node has letters, digits, '.', '_' and '-' only, 63 at most: " + name);
    }
  }

  /** In how many zones these are; one without a zone is one of its own. */
  public static int zones(Stream<IndexNode> nodes) {
    return (int)
        nodes
            .map(node -> node.zone().isEmpty() ? "node " + node.name() : "zone " + node.zone())
            .distinct()
            .count();
  }

  /** {@code host:port}. */
  public String target() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
