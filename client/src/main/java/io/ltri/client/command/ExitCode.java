package io.ltri.client.command;

/** What the process ends with; the table stands in every {@code --help}. */
final class ExitCode {
  static final int OK = 0;
  static final int FAILED = 1;
  static final int USAGE = 2;
  static final int UNAVAILABLE = 3;
  static final int BAD_INPUT = 4;
  static final int NOT_FOUND = 5;
  static final int CANCELLED = 130;

  private ExitCode() {}
}
