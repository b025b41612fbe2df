package io.ltri.client.command;

import io.ltri.client.command.ServiceState.Serving;
import io.ltri.client.command.ServiceState.Starting;
import io.ltri.client.command.ServiceState.Stopped;
import io.ltri.edge.LocalSocket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;

/**
 * Starts, finds and stops the two services of one data folder.
 *
 * <p>Of each service the folder {@code run} holds {@code NAME.process}, written here when it is
 * started, and {@code NAME.json}, written by the service when it serves. Both are believed only as
 * long as the process is the one that was started. Any number of commands may do this at once:
 * starting and stopping are guarded by a file lock, which the system gives back when its holder
 * dies.
 */
final class Services {
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration FETCH_TIMEOUT = Duration.ofHours(2);
  private static final long LOG_LIMIT_BYTES = 16L << 20;
  private static final int LOG_LINES_SHOWN = 12;

  private final Installation installation;
  private final Terminal terminal;
  private final BiFunction<ServiceKind, Path, List<String>> commands;
  private final Duration startTimeout;

  /** A file lock is held by the whole process, so threads need one of their own. */
  private final ReentrantLock withinProcess = new ReentrantLock();

  private volatile boolean abandoned;

  /** As {@link #hasBroughtIndexBack}. */
  private boolean broughtIndexBack;

  /** Whether the inference service may first have to fetch its model from a hub. */
  private boolean fetching;

  Services(Installation installation, Terminal terminal) {
    this(installation, terminal, installation::serviceCommand);
  }

  /** With other programs in place of the services. */
  Services(
      Installation installation,
      Terminal terminal,
      BiFunction<ServiceKind, Path, List<String>> commands) {
    this.installation = installation;
    this.terminal = terminal;
    this.commands = commands;
    this.startTimeout = startTimeout(installation.environment());
  }

  private static Duration startTimeout(Map<String, String> environment) {
    String seconds = environment.getOrDefault("LTRI_START_TIMEOUT_SECONDS", "180");
    try {
      return Duration.ofSeconds(Long.parseLong(seconds));
    } catch (NumberFormatException e) {
      throw new CommandFailure(
          ExitCode.USAGE,
          "LTRI_START_TIMEOUT_SECONDS is '" + seconds + "': not a number of seconds");
    }
  }

  Path readyFile(ServiceKind kind) {
    return installation.run().resolve(kind.serviceName + ".json");
  }

  Path processFile(ServiceKind kind) {
    return installation.run().resolve(kind.serviceName + ".process");
  }

  ServiceState state(ServiceKind kind) {
    Optional<ServiceProcess> process = ServiceProcess.read(processFile(kind));
    Optional<ProcessHandle> handle = process.flatMap(ServiceProcess::handle);
    if (process.isEmpty() || handle.isEmpty()) {
      return new Stopped(process.isPresent() || Files.exists(readyFile(kind)));
    }
    return ReadyFile.read(readyFile(kind))
        .filter(ready -> ready.pid() == process.get().pid())
        .<ServiceState>map(ready -> new Serving(process.get(), handle.get(), ready))
        .orElseGet(() -> new Starting(process.get(), handle.get()));
  }

  /**
   * Whether an index was started for an inference service that had lost its own, and may not have
   * found the new one yet.
   */
  boolean hasBroughtIndexBack() {
    return broughtIndexBack;
  }

  /** Whether the index is another's, so that none is started or stopped here. */
  private static boolean foreignIndex(ServiceSettings wanted) {
    return wanted.values().containsKey(ServiceSettings.INDEX);
  }

  /**
   * Makes sure that the services run with these settings, and starts those that do not run.
   *
   * @return address of the inference service, host:port
   */
  String ensureServing(ServiceSettings wanted) {
    withinProcess.lock();
    try (FileChannel file = openLock();
        FileLock lock = acquire(file)) {
      return ensureServingLocked(wanted);
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.UNAVAILABLE, "the services cannot be started: " + describe(e));
    } finally {
      withinProcess.unlock();
    }
  }

  private String ensureServingLocked(ServiceSettings wanted) throws IOException {
    boolean ownIndex = !foreignIndex(wanted);
    ServiceState inference = awaitStart(ServiceKind.INFERENCE);
    ServiceState index = ownIndex ? awaitStart(ServiceKind.INDEX) : new Stopped(false);
    refuseDifferences(ServiceKind.INFERENCE, inference, wanted);
    if (inference instanceof Serving serving) {
      String usedIndex = serving.process().settings().getOrDefault(ServiceSettings.INDEX, "");
      boolean startedWithOwnIndex = "true".equals(serving.process().settings().get(OWN_INDEX));
      if (ownIndex && startedWithOwnIndex) {
        refuseDifferences(ServiceKind.INDEX, index, wanted);
        if (index instanceof Stopped) {
          // It has to come back where the running inference service looks for it.
          String port = usedIndex.substring(usedIndex.lastIndexOf(':') + 1);
          start(ServiceKind.INDEX, withSocket(wanted.with(ServiceKind.INDEX.portSetting(), port)));
          awaitServing(ServiceKind.INDEX);
          broughtIndexBack = true;
        }
      }
      noteOtherBuild(serving);
      return serving.ready().address();
    }
    if (ownIndex) {
      refuseDifferences(ServiceKind.INDEX, index, wanted);
    }

    if (wanted.areInOneProcess()) {
      return startInOneProcess(wanted, ownIndex, index);
    }
    ServiceSettings settings = withHttp(withModel(ownIndex ? withSocket(wanted) : wanted));
    refuseTakenPort(ServiceKind.INFERENCE, settings);
    String indexAddress;
    if (!ownIndex) {
      indexAddress = settings.get(ServiceSettings.INDEX);
    } else if (index instanceof Serving serving) {
      indexAddress = serving.ready().address();
    } else {
      refuseTakenPort(ServiceKind.INDEX, settings);
      start(ServiceKind.INDEX, settings);
      int port = settings.port(ServiceKind.INDEX);
      // With a known port both start at the same time; the inference service waits for the index by
      // itself.
      indexAddress =
          port == 0
              ? awaitServing(ServiceKind.INDEX).ready().address()
              : reachable(settings.get(ServiceKind.INDEX.hostSetting())) + ":" + port;
    }
    ServiceSettings complete = settings.with(ServiceSettings.INDEX, indexAddress);
    if (ownIndex) {
      complete = complete.with(OWN_INDEX, "true");
    }
    start(ServiceKind.INFERENCE, complete);
    try {
      if (ownIndex) {
        awaitServing(ServiceKind.INDEX);
      }
      return awaitServing(ServiceKind.INFERENCE).ready().address();
    } catch (CommandFailure e) {
      // Half a pair is of no use, and would hold its port.
      end(ServiceKind.INFERENCE);
      if (index instanceof Stopped && ownIndex) {
        end(ServiceKind.INDEX);
      }
      throw e;
    }
  }

  private String startInOneProcess(ServiceSettings wanted, boolean ownIndex, ServiceState index)
      throws IOException {
    if (!ownIndex) {
      throw new CommandFailure(
          ExitCode.USAGE, "an index service of another process (--index) can not be in this one");
    }
    if (!(index instanceof Stopped)) {
      throw new CommandFailure(
          ExitCode.USAGE, "an index service runs alone: run 'ltri stop' first");
    }
    ServiceSettings settings = withHttp(withModel(wanted));
    for (ServiceKind kind : ServiceKind.values()) {
      refuseTakenPort(kind, settings);
    }
    startAllInOne(settings.with(OWN_INDEX, "true"));
    try {
      String address = awaitServing(ServiceKind.INFERENCE).ready().address();
      awaitServing(ServiceKind.INDEX);
      return address;
    } catch (CommandFailure e) {
      end(ServiceKind.INFERENCE);
      forget(ServiceKind.INDEX);
      throw e;
    }
  }

  /**
   * Recorded beside the settings: whether the index belongs to this pair. Not a setting of the
   * service.
   */
  private static final String OWN_INDEX = "LTRI_INFERENCE_OWN_INDEX";

  private static String reachable(String host) {
    return host.equals("0.0.0.0") || host.equals("::") ? "127.0.0.1" : host;
  }

  private void refuseDifferences(ServiceKind kind, ServiceState state, ServiceSettings wanted) {
    if (!(state instanceof Serving serving)) {
      return;
    }
    List<String> differences = wanted.differences(kind, serving.process().settings());
    if (!differences.isEmpty()) {
      throw new CommandFailure(
          ExitCode.USAGE,
          "the running "
              + kind.serviceName
              + " (pid "
              + serving.handle().pid()
              + ") was started with other settings; leave the option out, or run 'ltri stop' first\n  "
              + String.join("\n  ", differences));
    }
  }

  private void noteOtherBuild(Serving serving) {
    String mine = installation.buildName();
    if (!mine.isEmpty() && !serving.process().build().equals(mine)) {
      terminal
          .err()
          .println(
              "note: the running services are of another build than this command;"
                  + " 'ltri stop' lets the next one start the new build");
    }
  }

  private void refuseTakenPort(ServiceKind kind, ServiceSettings settings) {
    int port = settings.port(kind);
    if (port == 0 || PortHolder.isFree(settings.get(kind.hostSetting()), port)) {
      return;
    }
    String option = kind == ServiceKind.INDEX ? "--index-port" : "--port";
    throw new CommandFailure(
        ExitCode.UNAVAILABLE,
        "the "
            + kind.serviceName
            + " cannot start: port "
            + port
            + " is taken by "
            + PortHolder.name(port).orElse("another process")
            + "; stop that, or choose another port with "
            + option
            + " (0: any free one)");
  }

  /** The two services talk over a socket of this user's, where nothing else is said. */
  private ServiceSettings withSocket(ServiceSettings wanted) {
    Path socket = installation.home().resolve("run").resolve("index.sock");
    if (wanted.values().containsKey(ServiceSettings.INDEX_SOCKET)
        || wanted.values().containsKey(ServiceSettings.SOCKET_OF_INDEX)
        || !LocalSocket.works(socket)) {
      return wanted;
    }
    return wanted
        .with(ServiceSettings.INDEX_SOCKET, socket.toString())
        .with(ServiceSettings.SOCKET_OF_INDEX, socket.toString());
  }

  /**
   * With another port for HTTP, if the usual one is taken: much else uses it, and nobody who asks a
   * question on the command line needs it. A port that was asked for is the service's to refuse.
   */
  private ServiceSettings withHttp(ServiceSettings wanted) {
    if (wanted.values().containsKey(ServiceSettings.HTTP_PORT)) {
      return wanted;
    }
    int usual = Integer.parseInt(wanted.get(ServiceSettings.HTTP_PORT));
    if (PortHolder.isFree(wanted.get(ServiceSettings.HTTP_HOST), usual)) {
      return wanted;
    }
    terminal
        .err()
        .println(
            "port "
                + usual
                + " is taken by "
                + PortHolder.name(usual).orElse("another process")
                + ": HTTP is served on a free port ('ltri status' shows it)");
    return wanted.with(ServiceSettings.HTTP_PORT, "0");
  }

  /** The model's path, fetched when it is the default one and not there yet. */
  private ServiceSettings withModel(ServiceSettings wanted) throws IOException {
    if (wanted.values().containsKey(ServiceSettings.MODEL)) {
      fetching = !Files.exists(Path.of(wanted.get(ServiceSettings.MODEL)));
      return wanted;
    }
    return wanted.with(ServiceSettings.MODEL, model().toString());
  }

  /** The default model, which is fetched unless it is there. */
  Path model() throws IOException {
    Path model = installation.defaultModel();
    if (!Files.exists(model)) {
      Path launcher = installation.launcher();
      if (launcher == null) {
        throw new CommandFailure(
            ExitCode.UNAVAILABLE,
            "there is no model: put one at " + model + ", or name one with --model PATH");
      }
      Process fetch =
          new ProcessBuilder("sh", launcher.toString(), "model")
              .redirectOutput(ProcessBuilder.Redirect.to(Path.of("/dev/null").toFile()))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try {
        if (fetch.waitFor() != 0 || !Files.exists(model)) {
          throw new CommandFailure(
              ExitCode.UNAVAILABLE, "without a model there is nothing to start");
        }
      } catch (InterruptedException e) {
        fetch.destroy();
        throw interrupted();
      }
    }
    return model;
  }

  private void start(ServiceKind kind, ServiceSettings settings) throws IOException {
    run(
        kind.serviceName,
        installation.log(kind),
        List.of(kind),
        settings.of(kind),
        commands.apply(kind, readyFile(kind)));
  }

  private void startAllInOne(ServiceSettings settings) throws IOException {
    run(
        "both services in one process",
        installation.allInOneLog(),
        List.of(ServiceKind.INFERENCE, ServiceKind.INDEX),
        new TreeMap<>(settings.values()),
        installation.allInOneCommand(
            readyFile(ServiceKind.INDEX), readyFile(ServiceKind.INFERENCE)));
  }

  /**
   * @param kinds what the process is
   */
  private void run(
      String name, Path log, List<ServiceKind> kinds, Map<String, String> own, List<String> service)
      throws IOException {
    Path run = Files.createDirectories(installation.run());
    Files.createDirectories(log.getParent());
    if (Files.exists(log) && Files.size(log) > LOG_LIMIT_BYTES) {
      Files.move(
          log,
          log.resolveSibling(log.getFileName() + ".1"),
          StandardCopyOption.REPLACE_EXISTING,
          StandardCopyOption.ATOMIC_MOVE);
    }
    for (ServiceKind kind : kinds) {
      Files.deleteIfExists(readyFile(kind));
    }
    List<String> command = new ArrayList<>(ownGroup());
    command.addAll(service);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(run.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .redirectErrorStream(true);
    prepare(builder.environment(), installation, own);
    terminal.err().println("starting " + name + " (log: " + log + ")");
    long logged = Files.exists(log) ? Files.size(log) : 0L;
    Process process = builder.start();
    for (ServiceKind kind : kinds) {
      logs.put(kind, new Log(log, logged));
      children.put(kind, process);
      ServiceProcess.of(process.toHandle(), installation.buildName(), own).write(processFile(kind));
    }
  }

  /**
   * What a service finds in its environment.
   *
   * @param environment of this process; changed
   * @param own settings of the service
   */
  static void prepare(
      Map<String, String> environment, Installation installation, Map<String, String> own) {
    environment.putAll(own);
    environment.remove(OWN_INDEX);
    // Meant for the JVM, which has them on its command line: the service would refuse what it does
    // not know.
    for (ServiceKind any : ServiceKind.values()) {
      environment.remove(any.javaOptionsSetting());
    }
    environment.put("LTRI_HOME", installation.home().toString());
    environment.put("DJL_OFFLINE", "true");
    environment.put("OPT_OUT_TRACKING", "true");
    environment.put("DJL_CACHE_DIR", installation.home().resolve("natives").toString());
    environment.put("ENGINE_CACHE_DIR", installation.home().resolve("natives").toString());
    // Freed tensors stay mapped and are used again: mapping and unmapping them costs more than the
    // arithmetic.
    environment.putIfAbsent("MALLOC_MMAP_THRESHOLD_", "2000000000");
    environment.putIfAbsent("MALLOC_TRIM_THRESHOLD_", "4000000000");
    environment.putIfAbsent("MALLOC_TOP_PAD_", "67108864");
  }

  private final Map<ServiceKind, Process> children = new EnumMap<>(ServiceKind.class);
  private final Map<ServiceKind, Log> logs = new EnumMap<>(ServiceKind.class);

  /**
   * @param start its length when the service was started from here
   */
  record Log(Path file, long start) {}

  Log log(ServiceKind kind) {
    Log known = logs.get(kind);
    if (known != null) {
      return known;
    }
    Path file = areOneProcess() ? installation.allInOneLog() : installation.log(kind);
    return new Log(file, 0);
  }

  /** So that Ctrl-C in a command does not reach the service. */
  private static List<String> ownGroup() {
    for (String folder : System.getenv().getOrDefault("PATH", "/usr/bin:/bin").split(":")) {
      if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, "setsid"))) {
        return List.of(Path.of(folder, "setsid").toString());
      }
    }
    // Without that command: a process that ignores the signal, which its JVM then does too.
    return List.of("sh", "-c", "trap '' INT; exec \"$@\"", "sh");
  }

  /** Another command that died while it started a service may have left it on its way. */
  private ServiceState awaitStart(ServiceKind kind) {
    return state(kind) instanceof Starting ? awaitServing(kind) : state(kind);
  }

  private Serving awaitServing(ServiceKind kind) {
    long end = System.nanoTime() + (fetching ? FETCH_TIMEOUT : startTimeout).toNanos();
    while (true) {
      if (abandoned) {
        throw new CommandFailure(ExitCode.CANCELLED, "cancelled");
      }
      ServiceState state = state(kind);
      Process child = children.get(kind);
      if (state instanceof Serving serving) {
        return serving;
      }
      if (state instanceof Stopped || (child != null && !child.isAlive())) {
        forget(kind);
        throw new CommandFailure(
            ExitCode.UNAVAILABLE, "the " + kind.serviceName + " did not start" + lastLines(kind));
      }
      if (System.nanoTime() > end) {
        throw new CommandFailure(
            ExitCode.UNAVAILABLE,
            "the "
                + kind.serviceName
                + " does not serve after "
                + startTimeout.toSeconds()
                + " s (LTRI_START_TIMEOUT_SECONDS)"
                + lastLines(kind));
      }
      pause(20);
    }
  }

  private String lastLines(ServiceKind kind) {
    Path log = log(kind).file();
    try (FileChannel file = FileChannel.open(log)) {
      long from = Math.max(log(kind).start(), file.size() - 64 * 1024);
      java.nio.ByteBuffer tail = java.nio.ByteBuffer.allocate((int) (file.size() - from));
      while (tail.hasRemaining() && file.read(tail, from + tail.position()) > 0) {}
      List<String> lines =
          new String(tail.array(), 0, tail.position(), java.nio.charset.StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.isBlank())
              .toList();
      List<String> shown = lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size());
      return "; the end of " + log + ":\n  " + String.join("\n  ", shown);
    } catch (IOException e) {
      return "; its log is " + log;
    }
  }

  /** Ends both services for good, also when another thread is just starting them. */
  void abandon() {
    abandoned = true;
    stop();
  }

  boolean abandoned() {
    return abandoned;
  }

  /**
   * Ends both services, the one that uses the other first.
   *
   * @return how many were running
   */
  int stop() {
    withinProcess.lock();
    try (FileChannel file = openLock();
        FileLock lock = acquire(file)) {
      int ended = 0;
      if (areOneProcess()) {
        // Of the process that is ended as the other one.
        forget(ServiceKind.INDEX);
      }
      for (ServiceKind kind : List.of(ServiceKind.INFERENCE, ServiceKind.INDEX)) {
        if (end(kind)) {
          ended++;
        }
      }
      return ended;
    } catch (IOException e) {
      throw new CommandFailure(ExitCode.FAILED, "the services cannot be stopped: " + describe(e));
    } finally {
      withinProcess.unlock();
    }
  }

  private boolean areOneProcess() {
    Optional<ServiceProcess> inference = ServiceProcess.read(processFile(ServiceKind.INFERENCE));
    Optional<ServiceProcess> index = ServiceProcess.read(processFile(ServiceKind.INDEX));
    return inference.isPresent() && index.isPresent() && inference.get().pid() == index.get().pid();
  }

  private boolean end(ServiceKind kind) throws IOException {
    ServiceProcess process;
    switch (state(kind)) {
      case Serving serving -> process = serving.process();
      case Starting starting -> process = starting.process();
      case Stopped stopped -> {
        if (stopped.crashed()) {
          terminal.err().println(kind.serviceName + " had ended without saying so");
        }
        forget(kind);
        return false;
      }
    }
    process.handle().ifPresent(ProcessHandle::destroy);
    if (!ended(process, STOP_TIMEOUT)) {
      terminal
          .err()
          .println(
              kind.serviceName
                  + " did not end within "
                  + STOP_TIMEOUT.toSeconds()
                  + " s and is killed");
      process.handle().ifPresent(ProcessHandle::destroyForcibly);
      ended(process, Duration.ofSeconds(5));
    }
    forget(kind);
    terminal.err().println("stopped " + kind.serviceName + " (pid " + process.pid() + ")");
    return true;
  }

  /** Asks for the same process each time, for a pid may become another's. */
  private static boolean ended(ServiceProcess process, Duration timeout) {
    long end = System.nanoTime() + timeout.toNanos();
    while (process.handle().isPresent()) {
      if (System.nanoTime() > end) {
        return false;
      }
      pause(20);
    }
    return true;
  }

  private void forget(ServiceKind kind) {
    try {
      Files.deleteIfExists(readyFile(kind));
      Files.deleteIfExists(processFile(kind));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private FileChannel openLock() throws IOException {
    Files.createDirectories(installation.run());
    return FileChannel.open(
        installation.run().resolve("services.lock"),
        StandardOpenOption.CREATE,
        StandardOpenOption.WRITE);
  }

  private FileLock acquire(FileChannel file) throws IOException {
    FileLock lock = file.tryLock();
    if (lock == null) {
      terminal.err().println("waiting for another command that starts or stops the services");
      lock = file.lock();
    }
    return lock;
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  static CommandFailure interrupted() {
    Thread.currentThread().interrupt();
    return new CommandFailure(ExitCode.CANCELLED, "cancelled");
  }

  private static String describe(IOException e) {
    String what = e.getMessage() == null ? "" : e.getMessage();
    return e.getClass().getSimpleName() + " " + what;
  }
}
