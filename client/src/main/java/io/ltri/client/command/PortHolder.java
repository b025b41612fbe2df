package io.ltri.client.command;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Who listens on a port of this machine. */
final class PortHolder {
  private static final String LISTENING = "0A";

  private PortHolder() {}

  /**
   * Whether nobody listens there. An address that is not of this machine is left to the service to
   * complain of.
   */
  static boolean isFree(String host, int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(host, port));
      return true;
    } catch (java.net.BindException e) {
      String why = e.getMessage() == null ? "" : e.getMessage().toLowerCase(Locale.ROOT);
      return !why.contains("in use");
    } catch (IOException e) {
      return true;
    }
  }

  /** Command and pid, where the system tells. */
  static Optional<String> name(int port) {
    Set<String> sockets = new HashSet<>();
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      try {
        for (String line : Files.readAllLines(Path.of(table))) {
          String[] fields = line.strip().split("\\s+");
          if (fields.length > 9
              && fields[3].equals(LISTENING)
              && fields[1].endsWith(String.format(":%04X", port))) {
            sockets.add("socket:[" + fields[9] + "]");
          }
        }
      } catch (IOException e) {
        // Not Linux, or no IPv6.
      }
    }
    if (sockets.isEmpty()) {
      return Optional.empty();
    }
    return ProcessHandle.allProcesses()
        .filter(process -> holdsOne(process.pid(), sockets))
        .findFirst()
        .map(PortHolder::describe);
  }

  private static boolean holdsOne(long pid, Set<String> sockets) {
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
      for (Path file : files) {
        if (sockets.contains(Files.readSymbolicLink(file).toString())) {
          return true;
        }
      }
    } catch (IOException | java.nio.file.DirectoryIteratorException e) {
      // Ended meanwhile, or another user's.
    }
    return false;
  }

  private static String describe(ProcessHandle process) {
    String[] arguments = process.info().arguments().orElse(new String[0]);
    for (String argument : arguments) {
      if (argument.startsWith("-Dltri.service=")) {
        String home =
            java.util.Arrays.stream(arguments)
                .filter(a -> a.startsWith("-Dltri.home="))
                .map(a -> " of the data folder " + a.substring("-Dltri.home=".length()))
                .findFirst()
                .orElse("");
        return argument.substring("-Dltri.service=".length())
            + home
            + " (pid "
            + process.pid()
            + ")";
      }
    }
    return process.info().command().map(c -> Path.of(c).getFileName() + "").orElse("a process")
        + " (pid "
        + process.pid()
        + ")";
  }
}
