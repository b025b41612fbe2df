package io.ltri.benchmarks;

import io.ltri.benchmarks.figure.Result;
import io.ltri.benchmarks.figure.Table;
import io.ltri.benchmarks.plot.Plots;
import io.ltri.benchmarks.system.PeerInstallation;
import io.ltri.benchmarks.system.Plan;
import io.ltri.benchmarks.system.Run;
import io.ltri.client.LtriException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The system benchmark, and the entry to the others. */
@Command(
    name = "ltri bench",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    usageHelpAutoWidth = true,
    description = {
      "Measures speed and memory of the services by the length of the text.",
      "",
      "Both services are started as for a user, in a data folder of their own that goes with the run, and a peer beside"
          + " them, if one is named, which gets the same texts and takes turns with them. Settings of the"
          + " services (LTRI_INFERENCE_..., LTRI_INDEX_...) are taken from the environment. The result is a file of"
          + " JSON and plots; its tables go to standard output."
    },
    subcommands = {PlotCommand.class, KernelCommand.class})
public final class BenchCommand implements Callable<Integer> {
  private final Map<String, String> environment;
  private List<String> arguments = List.of();

  @Option(
      names = "--lengths",
      split = ",",
      paramLabel = "N,...",
      converter = Length.class,
      description =
          "Tokens of the texts, k for 1024. Default: 1k,4k. A minute for each 16k, and far more for a peer.")
  List<Integer> lengths = List.of(1024, 4096);

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Answers about each text, in turn with the peer. Default: 3.")
  int rounds = 3;

  @Option(
      names = "--readings",
      paramLabel = "N",
      description = "How often each text is read. Default: 1.")
  int readings = 1;

  @Option(names = "--tokens", paramLabel = "N", description = "Of an answer. Default: 64.")
  int tokens = 64;

  @Option(
      names = "--sequences",
      split = ",",
      paramLabel = "N,...",
      description = "Also so many answers at once, for instance 1,2,4,8.")
  List<Integer> sequences = List.of();

  @Option(
      names = "--sequences-length",
      paramLabel = "N",
      converter = Length.class,
      description = "Tokens of the text that those are about. Default: 4k.")
  int sequencesLength = 4096;

  @Option(
      names = "--while-reading",
      paramLabel = "N",
      converter = Length.class,
      description = "Also an answer while a text of so many tokens is read.")
  int whileReading;

  @Option(
      names = "--profile",
      description = "Also where a decode step's time goes, by recordings of Java Flight Recorder.")
  boolean profile;

  @Option(
      names = "--peer",
      paramLabel = "llama.cpp",
      description =
          "A system to compare with, on the same GGUF file with full attention. It is fetched and compiled once, in"
              + " LTRI_HOME/tools.")
  @Nullable String peer;

  @Option(
      names = "--peer-python",
      paramLabel = "PATH",
      description = "A Python that has llama-cpp-python, to be used instead.")
  @Nullable Path peerPython;

  @Option(
      names = "--peer-threads",
      paramLabel = "N",
      description = "Threads of the peer. Default: all cores.")
  int peerThreads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--peer-flash-attention",
      paramLabel = "auto|on|off",
      description = "How the peer attends. Default: auto, as it prefers.")
  String peerFlashAttention = "auto";

  @Option(
      names = "--peer-most",
      paramLabel = "N",
      converter = Length.class,
      description = "The peer gets no longer texts than this. Default: 128k.")
  int peerMost = 128 * 1024;

  @Option(
      names = "--peer-reads",
      paramLabel = "N",
      converter = Length.class,
      description =
          "Longer texts than this the peer does not read as a whole, which takes it minutes to hours: its cache is"
              + " filled with copies of the beginning, pieces are timed at several depths, and the time of reading is"
              + " estimated from them. Decoding is measured all the same. Default: 8k.")
  int peerReads = 8 * 1024;

  @Option(
      names = "--model",
      paramLabel = "PATH",
      description = "GGUF file or folder with safetensors. Default: the default model.")
  @Nullable Path model;

  @Option(
      names = "--haystack",
      paramLabel = "FILE",
      description = "A natural text to cut texts from. Default: one that is fetched once.")
  @Nullable Path haystack;

  @Option(names = "--generated", description = "A generated text instead of a natural one.")
  boolean generated;

  @Option(
      names = "--label",
      paramLabel = "TEXT",
      description = "What this is, in plots with several results.")
  String label = "";

  @Option(
      names = "--bandwidth-mib",
      paramLabel = "N",
      description = "Block by which reading memory is measured; 0: not. Default: 512.")
  long bandwidthMib = 512;

  @Option(names = "--no-warm-up", negatable = true, description = "Begin cold.")
  boolean warmUp = true;

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      description = "For result.json and plots. Default: benchmarks/latest in LTRI_HOME.")
  @Nullable Path out;

  private BenchCommand(Map<String, String> environment) {
    this.environment = environment;
  }

  public static void main(String[] args) {
    System.exit(commandLine(System.getenv(), args).execute(args));
  }

  static CommandLine commandLine(Map<String, String> environment, String... args) {
    BenchCommand command = new BenchCommand(environment);
    command.arguments = List.of(args);
    CommandLine line = new CommandLine(command);
    line.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    line.setExecutionExceptionHandler(
        (e, failed, parsed) -> {
          PrintWriter err = line.getErr();
          switch (e) {
            case IllegalArgumentException known -> err.println("ltri bench: " + known.getMessage());
            case IllegalStateException known -> err.println("ltri bench: " + known.getMessage());
            case LtriException known -> err.println("ltri bench: " + known.getMessage());
            case IOException known ->
                err.println(
                    "ltri bench: " + known.getClass().getSimpleName() + ": " + known.getMessage());
            case InterruptedException cut -> err.println("ltri bench: cancelled");
            default -> e.printStackTrace(err);
          }
          return 1;
        });
    return line;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    requirePositive("--rounds", rounds, 1);
    requirePositive("--readings", readings, 1);
    requirePositive("--tokens", tokens, 2);
    for (int count : sequences) {
      requirePositive("--sequences", count, 1);
    }
    Path home = Home.of(environment);
    Path named = model == null ? Home.defaultModel(home) : model;
    Path folder = out == null ? home.resolve("benchmarks").resolve("latest") : out;
    Files.createDirectories(folder);
    Plan plan =
        new Plan(
            label,
            String.join(" ", withoutPaths()),
            lengths,
            rounds,
            readings,
            tokens,
            warmUp,
            sequences,
            sequencesLength,
            whileReading,
            profile,
            bandwidthMib << 20,
            haystack,
            generated,
            peer(home, named));
    Path file = folder.resolve("result.json");
    Result result;
    Run run = new Run(plan, named, home, environment, file);
    Thread hook = Thread.ofPlatform().name("interrupt").unstarted(run::close);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      result = run.measure();
    } finally {
      run.close();
      removeHook(hook);
    }
    PrintStream stdout = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    stdout.print(Table.of(result));
    System.err.println("result: " + file);
    try {
      List<Path> plots = Plots.draw(folder, List.of(result));
      System.err.println(plots.size() + " plots in " + folder);
    } catch (IOException e) {
      // The figures are there.
      System.err.println(e.getMessage());
    }
    return 0;
  }

  private static void removeHook(Thread hook) {
    try {
      boolean unused = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending, and the hook is at work.
    }
  }

  private static void requirePositive(String option, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          option + " is " + value + ": it must be at least " + least);
    }
  }

  /** What was asked for, without where things lie on this machine. */
  private List<String> withoutPaths() {
    List<String> shown = new ArrayList<>(List.of("./ltri", "bench"));
    for (String argument : arguments) {
      shown.add(argument.contains("/") ? "..." : argument);
    }
    return shown;
  }

  private Plan.@Nullable Peer peer(Path home, Path model) throws IOException, InterruptedException {
    if (peer == null) {
      return null;
    }
    if (!peer.equals("llama.cpp")) {
      throw new IllegalArgumentException(
          "there is no peer '" + peer + "': there is llama.cpp, or none");
    }
    if (!model.toString().endsWith(".gguf")) {
      throw new IllegalArgumentException(
          "llama.cpp reads GGUF files, and " + model.getFileName() + " is none");
    }
    int flash =
        switch (peerFlashAttention) {
          case "auto" -> -1;
          case "on" -> 1;
          case "off" -> 0;
          default ->
              throw new IllegalArgumentException(
                  "--peer-flash-attention is '" + peerFlashAttention + "': auto, on or off");
        };
    Path python = peerPython;
    if (python == null) {
      python = PeerInstallation.python(home.resolve("tools"));
    }
    return new Plan.Peer(List.of(python.toString()), peerThreads, flash, peerMost, peerReads);
  }

  /** Tokens: a number, or one with k. */
  static final class Length implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      boolean thousands = value.endsWith("k") || value.endsWith("K");
      int number = Integer.parseInt(thousands ? value.substring(0, value.length() - 1) : value);
      return thousands ? Math.multiplyExact(number, 1024) : number;
    }
  }
}
