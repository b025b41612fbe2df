package io.ltri.client.command;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where a command reads and writes.
 *
 * @param in standard input
 * @param out answers, lists; UTF-8
 * @param err progress, figures, complaints; UTF-8
 * @param interactive whether {@code err} is a terminal on which lines may be redrawn
 * @param columns its width
 */
record Terminal(
    InputStream in, PrintStream out, PrintStream err, boolean interactive, int columns) {

  /**
   * That of the process. The launcher says what it is, for a JVM sees only input and output
   * together.
   */
  static Terminal ofProcess() {
    int columns = 80;
    try {
      columns = Integer.parseInt(System.getenv().getOrDefault("COLUMNS", "80"));
    } catch (NumberFormatException e) {
      // A width that is no number is as good as none.
    }
    return new Terminal(
        System.in,
        new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        "1".equals(System.getenv("LTRI_STDERR_IS_TERMINAL")),
        Math.max(40, columns));
  }

  BufferedReader lines() {
    return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
  }
}
