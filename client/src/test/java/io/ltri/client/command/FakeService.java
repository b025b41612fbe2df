package io.ltri.client.command;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;

/** A program that behaves as a service towards its launcher, and does nothing else. */
final class FakeService {
  private FakeService() {}

  public static void main(String[] args) throws Exception {
    String name = args[0];
    String prefix = args[1];
    Path readyFile = Path.of(args[2].substring("--ltri.ready-file=".length()));
    System.out.println(name + " log line of pid " + ProcessHandle.current().pid());
    if (System.getenv(prefix + "MODE") instanceof String mode) {
      switch (mode) {
        case "fail" -> {
          System.err.println("model file broken.gguf: field magic is wrong");
          System.exit(1);
        }
        case "deaf" -> Runtime.getRuntime().addShutdownHook(new Thread(FakeService::sleep));
        default -> throw new IllegalArgumentException(mode);
      }
    }
    int port = Integer.parseInt(System.getenv(prefix + "PORT"));
    try (ServerSocket socket = new ServerSocket(port, 5, InetAddress.getLoopbackAddress())) {
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    try {
                      Files.deleteIfExists(readyFile);
                    } catch (java.io.IOException e) {
                      e.printStackTrace();
                    }
                  }));
      Path part = readyFile.resolveSibling(readyFile.getFileName() + ".tmp");
      Files.writeString(
          part,
          FlatJson.write(
                  Map.of(
                      "name",
                      name,
                      "pid",
                      ProcessHandle.current().pid(),
                      "address",
                      "127.0.0.1:" + socket.getLocalPort(),
                      "version",
                      "fake",
                      "data",
                      System.getenv("LTRI_HOME")))
              + "\n");
      Files.move(part, readyFile, StandardCopyOption.ATOMIC_MOVE);
      sleep();
    }
  }

  private static void sleep() {
    try {
      Thread.sleep(120_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
