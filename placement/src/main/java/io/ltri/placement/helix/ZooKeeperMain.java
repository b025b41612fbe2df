package io.ltri.placement.helix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A ZooKeeper server of one as a process: {@code FOLDER READY-FILE [PORT]}. Once it serves, it
 * writes its address into the file. It ends with its standard input, so it does not outlive whoever
 * started it.
 */
public final class ZooKeeperMain {

  private ZooKeeperMain() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length < 2 || arguments.length > 3) {
      System.err.println("usage: ZooKeeperMain FOLDER READY-FILE [PORT]");
      System.exit(2);
    }
    Path ready = Path.of(arguments[1]);
    int port = arguments.length == 3 ? Integer.parseInt(arguments[2]) : 0;
    try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(Path.of(arguments[0]), port)) {
      Path unfinished = ready.resolveSibling(ready.getFileName() + ".new");
      Files.writeString(unfinished, server.connectString());
      Files.move(unfinished, ready, StandardCopyOption.ATOMIC_MOVE);
      while (System.in.read() >= 0) {
        // Nothing is said; the end is what is waited for.
      }
    }
    System.exit(0);
  }
}
