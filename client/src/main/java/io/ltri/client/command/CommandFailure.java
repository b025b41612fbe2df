package io.ltri.client.command;

import io.ltri.client.LtriException;

/**
 * Ends the command with an exit code and a message for people: what happened, why, and what to do.
 */
final class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  CommandFailure(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }

  static int exitCode(LtriException failure) {
    return switch (failure.code()) {
      case INVALID_ARGUMENT, OUT_OF_RANGE -> ExitCode.BAD_INPUT;
      case NOT_FOUND -> ExitCode.NOT_FOUND;
      case UNAVAILABLE -> ExitCode.UNAVAILABLE;
      case CANCELLED -> ExitCode.CANCELLED;
      default -> ExitCode.FAILED;
    };
  }
}
