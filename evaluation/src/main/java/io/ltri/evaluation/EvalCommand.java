package io.ltri.evaluation;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ScopeType;

/**
 * {@code ./ltri eval}: benchmarks that compare the policies of attention, on the model itself with
 * a real index service in the same process.
 */
@Command(
    name = "ltri eval",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Measures how good the answers are, policy against policy at equal budget.",
      "",
      "Rows of results go to a file; what stands there is not measured again, so a run that was cut off goes on"
          + " where it was. 'ltri eval report' makes a page of them."
    },
    subcommands = {
      NiahCommand.class,
      RulerCommand.class,
      InfiniteBenchCommand.class,
      PerplexityCommand.class,
      AblationCommand.class,
      RecallCommand.class,
      MapCommand.class,
      ReportCommand.class,
    })
public final class EvalCommand implements Runnable {
  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // Set by picocli.
  private EvalCommand() {}

  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new EvalCommand());
    line.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    line.setExecutionExceptionHandler(
        (e, command, parsed) -> {
          PrintWriter err = line.getErr();
          switch (e) {
            case IllegalArgumentException known -> err.println("ltri eval: " + known.getMessage());
            case IllegalStateException known -> err.println("ltri eval: " + known.getMessage());
            case IOException known ->
                err.println(
                    "ltri eval: " + known.getClass().getSimpleName() + ": " + known.getMessage());
            default -> e.printStackTrace(err);
          }
          return 1;
        });
    return line;
  }

  /** Without a command: how to use it. */
  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "say what to measure: a command is missing");
  }
}
