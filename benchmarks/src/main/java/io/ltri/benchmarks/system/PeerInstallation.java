package io.ltri.benchmarks.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A Python with llama.cpp in it, made once in the folder of tools. */
public final class PeerInstallation {
  public static final String PACKAGE = "llama-cpp-python==0.3.36";

  private PeerInstallation() {}

  /**
   * The interpreter; makes its environment unless it is there, which takes some minutes, for
   * llama.cpp is compiled for this machine.
   *
   * @param tools of the installation
   * @throws IOException if it cannot be had: the message says where the log is
   */
  public static Path python(Path tools) throws IOException, InterruptedException {
    Path folder = tools.resolve(PACKAGE.replace("==", "-"));
    Path python = folder.resolve("bin").resolve("python");
    Path complete = folder.resolve("complete");
    if (Files.exists(complete)) {
      return python;
    }
    Files.createDirectories(tools);
    Path log = tools.resolve("llama-cpp.log");
    System.err.println("installing " + PACKAGE + " (it is compiled here; log: " + log + ")");
    run(log, List.of("python3", "-m", "venv", "--clear", folder.toString()));
    run(log, List.of(python.toString(), "-m", "pip", "install", PACKAGE));
    Files.createFile(complete);
    return python;
  }

  private static void run(Path log, List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    process.getOutputStream().close();
    Thread hook = Thread.ofPlatform().unstarted(() -> end(process));
    Runtime.getRuntime().addShutdownHook(hook);
    int status = process.waitFor();
    Runtime.getRuntime().removeShutdownHook(hook);
    if (status != 0) {
      throw new IOException(
          String.join(" ", command)
              + " failed, so that there is no llama.cpp to compare with; its log is "
              + log
              + ". A C++ compiler and cmake are needed; or name a Python that has "
              + PACKAGE
              + " with --peer-python");
    }
  }

  private static void end(Process process) {
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroy();
  }
}
