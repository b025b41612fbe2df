package io.ltri.client.command;

import io.ltri.client.LtriException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code ltri} and its entry point. */
@Command(
    name = "ltri",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = LtriCommand.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "  0:Done.",
      "  1:It failed; the message says why.",
      "  2:The command was called wrongly, or its settings do not fit the running services.",
      "  3:A service cannot be reached or does not start.",
      "  4:The input cannot be used: no such file, empty, a folder, not UTF-8.",
      "  5:There is no such document.",
      "130:Cancelled by Ctrl-C; nothing was left half-written."
    })
public final class LtriCommand implements Runnable {
  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // Set by picocli.
  private LtriCommand() {}

  public static void main(String[] args) {
    Session session = Session.ofProcess();
    session.interrupts().install();
    System.exit(commandLine(session).execute(args));
  }

  static CommandLine commandLine(Session session) {
    CommandLine line = new CommandLine(new LtriCommand());
    line.getCommandSpec()
        .usageMessage()
        .description(
            "Asks a language model about documents of any length; it remembers what it has read.",
            "",
            "  ltri ask --document FILE \"question\"",
            "",
            "Settings and data lie in the folder LTRI_HOME (default: ~/.ltri).");
    line.addSubcommand("ask", new AskCommand(session))
        .addSubcommand("chat", new ChatCommand(session))
        .addSubcommand("documents", new DocumentsCommand(session))
        .addSubcommand("serve", new ServeCommand(session))
        .addSubcommand("status", new StatusCommand(session))
        .addSubcommand("stop", new StopCommand(session))
        .addSubcommand("token", new TokenCommand(session))
        .addSubcommand("key", new KeyCommand(session))
        .addSubcommand("cluster", new ClusterCommand(session))
        .addSubcommand("test", new LauncherCommands.Test())
        .addSubcommand("eval", new LauncherCommands.Eval())
        .addSubcommand("bench", new LauncherCommands.Bench())
        .addSubcommand("build", new LauncherCommands.Build())
        .addSubcommand("model", new LauncherCommands.Model())
        .addSubcommand("heads", new LauncherCommands.Heads())
        .addSubcommand("training-run", new TrainingRunCommand(session))
        .addSubcommand("help", new HelpCommand());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setOut(new java.io.PrintWriter(session.terminal().out(), true));
    line.setErr(new java.io.PrintWriter(session.terminal().err(), true));
    line.setExecutionExceptionHandler((e, command, parsed) -> report(session.terminal(), e));
    line.setParameterExceptionHandler(
        (e, args) -> {
          session.terminal().err().println("ltri: " + e.getMessage());
          CommandLine.UnmatchedArgumentException.printSuggestions(e, e.getCommandLine().getErr());
          session
              .terminal()
              .err()
              .println("See '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
          return ExitCode.USAGE;
        });
    return line;
  }

  private static int report(Terminal terminal, Exception failure) {
    return switch (failure) {
      case CommandFailure known -> {
        terminal.err().println("ltri: " + known.getMessage());
        yield known.exitCode();
      }
      case LtriException known -> {
        terminal.err().println("ltri: " + known.getMessage());
        yield CommandFailure.exitCode(known);
      }
      case InterruptedException e -> {
        terminal.err().println("ltri: cancelled");
        yield ExitCode.CANCELLED;
      }
      default -> {
        terminal.err().println("ltri: unexpected failure: " + failure);
        if (System.getenv("LTRI_DEBUG") != null) {
          failure.printStackTrace(terminal.err());
        }
        yield ExitCode.FAILED;
      }
    };
  }

  /** Without a command: how to use it. */
  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getErr());
    throw new CommandFailure(ExitCode.USAGE, "say what to do: a command is missing");
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = LtriCommand.class.getPackage().getImplementationVersion();
      return new String[] {"ltri " + (version == null ? "(unpackaged)" : version)};
    }
  }
}
