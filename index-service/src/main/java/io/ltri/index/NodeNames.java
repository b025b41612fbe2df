package io.ltri.index;

import io.ltri.placement.IndexNode;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** By which name and address the other nodes of a cluster know this one. */
final class NodeNames {

  private static final Pattern ADDRESS = Pattern.compile("\\[?([^\\[\\]]+)]?:(\\d{1,5})");
  private static final int LONGEST = 63;

  private NodeNames() {}

  /**
   * @param port where this process listens
   */
  static IndexNode self(IndexSettings settings, int port) {
    String name = settings.node().isEmpty() ? nameOfMachine() : settings.node();
    if (settings.advertise().isEmpty()) {
      InetAddress host = settings.host();
      String reached = host.isAnyLocalAddress() ? hostName() : host.getHostAddress();
      return new IndexNode(name, reached, port, settings.zone());
    }
    Matcher address = ADDRESS.matcher(settings.advertise());
    if (!address.matches()) {
      throw new IllegalArgumentException(
          "LTRI_INDEX_ADVERTISE is the host:port by which others reach this node, not "
              + settings.advertise());
    }
    return new IndexNode(
        name, address.group(1), Integer.parseInt(address.group(2)), settings.zone());
  }

  private static String nameOfMachine() {
    String name = hostName().replaceAll("[^A-Za-z0-9._-]", "-").replaceAll("^[^A-Za-z0-9]+", "");
    return name.substring(0, Math.min(LONGEST, name.length()));
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "this machine does not know its own name: set LTRI_INDEX_NODE and LTRI_INDEX_ADVERTISE",
          e);
    }
  }
}
