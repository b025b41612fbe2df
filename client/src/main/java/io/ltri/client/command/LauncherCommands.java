package io.ltri.client.command;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Commands that the shell launcher carries out before it comes here: here they only have their
 * help.
 */
final class LauncherCommands {
  private LauncherCommands() {}

  private static void refuse() {
    throw new CommandFailure(
        ExitCode.USAGE, "this command is carried out by the launcher: use ./ltri");
  }

  @Command(description = "Builds everything and runs the tests.")
  static final class Test implements Runnable {
    @Option(
        names = "--quick",
        description =
            "Without the slow tests: no model is needed, and it takes less than 3 minutes.")
    boolean quick;

    @Parameters(paramLabel = "ARG", description = "Passed to Maven.")
    List<String> arguments = new ArrayList<>();

    @Override
    public void run() {
      refuse();
    }
  }

  @Command(
      description = "Builds when the sources are newer than the build; prints the build's folder.")
  static final class Build implements Runnable {
    @Override
    public void run() {
      refuse();
    }
  }

  @Command(
      description =
          "Benchmarks and ablations, and a page that shows their results: see 'ltri eval --help'.")
  static final class Eval implements Runnable {
    @Parameters(paramLabel = "ARG", description = "As 'ltri eval --help' says.")
    List<String> arguments = new ArrayList<>();

    @Override
    public void run() {
      refuse();
    }
  }

  @Command(
      description =
          "Speed and memory by the length of the text, beside llama.cpp: see 'ltri bench --help'.")
  static final class Bench implements Runnable {
    @Parameters(paramLabel = "ARG", description = "As 'ltri bench --help' says.")
    List<String> arguments = new ArrayList<>();

    @Override
    public void run() {
      refuse();
    }
  }

  @Command(description = "Fetches the default model unless it is there; prints its path.")
  static final class Model implements Runnable {
    @Override
    public void run() {
      refuse();
    }
  }

  @Command(
      description = {
        "Finds the heads of a model that copy from far back in a text, and writes them to a file",
        "for the setting LTRI_INFERENCE_HEADSFILE. Takes some minutes; prints the file's path."
      })
  static final class Heads implements Runnable {
    @Parameters(
        index = "0",
        arity = "0..1",
        paramLabel = "MODEL",
        description = "GGUF file, or folder with safetensors; otherwise the default model.")
    @Nullable String model;

    @Parameters(
        index = "1",
        arity = "0..1",
        paramLabel = "FILE",
        description = "What to write; otherwise a file named as the model in LTRI_HOME/heads.")
    @Nullable String file;

    @Override
    public void run() {
      refuse();
    }
  }
}
