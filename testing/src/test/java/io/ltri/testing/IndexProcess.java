package io.ltri.testing;

import io.ltri.index.IndexApplication;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** An index service in a process of its own, which can be frozen. One thread. */
final class IndexProcess implements AutoCloseable {
  private final Path data;
  private final int port;
  private Process process;

  IndexProcess() throws IOException, InterruptedException {
    data = Files.createTempDirectory("ltri-index-");
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    process = start();
  }

  private Process start() throws IOException, InterruptedException {
    List<String> command =
        JavaCommand.of(
            List.of(
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED"),
            IndexApplication.class.getName(),
            "--ltri.index.port=" + port,
            "--ltri.index.data=" + data);
    Process started =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(data.resolve("log").toFile())
            .start();
    while (true) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return started;
      } catch (IOException e) {
        if (!started.isAlive()) {
          throw new IOException(Files.readString(data.resolve("log")), e);
        }
        Thread.sleep(100);
      }
    }
  }

  /** host:port. */
  String address() {
    return "127.0.0.1:" + port;
  }

  /** From now on it does nothing, and its connections stay open. */
  void freeze() throws IOException, InterruptedException {
    signal("STOP");
  }

  void thaw() throws IOException, InterruptedException {
    signal("CONT");
  }

  /** Kills it and starts another one on the same data. */
  void killAndRestart() throws IOException, InterruptedException {
    process.destroyForcibly().waitFor();
    process = start();
  }

  /** Files and folders of documents that are being built, deltas of sequences among them. */
  long unsealed() throws IOException {
    try (Stream<Path> files = Files.list(data.resolve("documents").resolve(".building"))) {
      return files.count();
    }
  }

  private void signal(String name) throws IOException, InterruptedException {
    int status =
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
            .inheritIO()
            .start()
            .waitFor();
    if (status != 0) {
      throw new IOException("kill -" + name + " ended with " + status);
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.destroyForcibly();
    boolean ended = process.waitFor(20, TimeUnit.SECONDS);
    if (!ended) {
      throw new IOException("the index process " + process.pid() + " did not end");
    }
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
