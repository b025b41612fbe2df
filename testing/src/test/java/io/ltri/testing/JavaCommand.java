package io.ltri.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines of processes with what this one has on its class path. */
final class JavaCommand {

  private JavaCommand() {}

  /**
   * @param options of the JVM
   * @param main class
   */
  static List<String> of(List<String> options, String main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
    command.addAll(List.of(arguments));
    return command;
  }
}
