package io.ltri.client.command;

import io.ltri.edge.access.ClientAccess;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where things lie on this machine.
 *
 * @param home the data folder
 * @param build folder of the build that this command belongs to, with the jars of both services
 * @param launcher the shell script, which can fetch the default model
 * @param environment of the process
 */
record Installation(
    Path home, @Nullable Path build, @Nullable Path launcher, Map<String, String> environment) {
  static final String DEFAULT_MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf";

  static Installation of(Map<String, String> environment) {
    String home = environment.get("LTRI_HOME");
    String build = environment.get("LTRI_BUILD_FOLDER");
    String launcher = environment.get("LTRI_LAUNCHER");
    return new Installation(
        (home == null || home.isEmpty()
                ? Path.of(environment.getOrDefault("HOME", "."), ".ltri")
                : Path.of(home))
            .toAbsolutePath()
            .normalize(),
        build == null ? null : Path.of(build),
        launcher == null ? null : Path.of(launcher),
        environment);
  }

  Path run() {
    return home.resolve("run");
  }

  Path log(ServiceKind kind) {
    return home.resolve("logs").resolve(kind.serviceName + ".log");
  }

  Path allInOneLog() {
    return home.resolve("logs").resolve("all-in-one.log");
  }

  /** Tokens of the inference service, where no other file is named. */
  Path tokenFile() {
    Path named = file("LTRI_INFERENCE_ACCESS_TOKENFILE");
    return named == null ? home.resolve("tokens") : named;
  }

  /** Keys of the index, where no other file is named. */
  Path keyFile() {
    Path named = file("LTRI_INDEX_KEYS");
    return named == null ? home.resolve("keys") : named;
  }

  /** How this command reaches services, from the environment. */
  ClientAccess clientAccess() {
    return new ClientAccess(
        "true".equals(environment.get("LTRI_TLS")),
        file("LTRI_AUTHORITIES"),
        file("LTRI_CERTIFICATE"),
        file("LTRI_KEY"),
        file("LTRI_TOKENFILE"),
        null);
  }

  private @Nullable Path file(String variable) {
    String named = environment.get(variable);
    return named == null || named.isEmpty() ? null : Path.of(named);
  }

  Path defaultModel() {
    return home.resolve("models").resolve(DEFAULT_MODEL);
  }

  String buildName() {
    return build == null ? "" : build.getFileName() + "";
  }

  /** What a training run of this build learnt about a service, if there was one. */
  Path aotCache(ServiceKind kind) {
    return requireBuild().resolve(kind.folder + ".aot");
  }

  private Path requireBuild() {
    if (build == null) {
      throw new CommandFailure(
          ExitCode.FAILED,
          "there is no build to start the services from: use the launcher, ./ltri");
    }
    return build;
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /** The command line of a ZooKeeper server of one, for a cluster on this machine. */
  List<String> zooKeeperCommand(Path folder, Path readyFile, int port) {
    return List.of(
        java(),
        "-XX:+UseSerialGC",
        "-Xmx128m",
        // It is to take little of this machine: optimising its code took most of its time.
        "-XX:TieredStopAtLevel=1",
        "-cp",
        classPath(requireBuild().resolve(ServiceKind.INDEX.folder).resolve("lib")),
        "io.ltri.placement.helix.ZooKeeperMain",
        folder.toString(),
        readyFile.toString(),
        Integer.toString(port));
  }

  /** The command line that runs a service. */
  List<String> serviceCommand(ServiceKind kind, Path readyFile) {
    List<String> command = begin(kind.serviceName);
    command.addAll(kind.javaOptions());
    command.addAll(useOf(aotCache(kind)));
    command.addAll(ownOptions(kind));
    command.add("-cp");
    command.add(classPath(requireBuild().resolve(kind.folder).resolve("lib")));
    command.add(kind.mainClass);
    command.add("--ltri.ready-file=" + readyFile);
    return command;
  }

  /** The command line that runs both in one process. */
  List<String> allInOneCommand(Path indexReadyFile, Path inferenceReadyFile) {
    List<String> command = begin("all-in-one");
    command.addAll(ServiceKind.allJavaOptions());
    for (ServiceKind kind : ServiceKind.values()) {
      command.addAll(ownOptions(kind));
    }
    command.add("-cp");
    command.add(
        Stream.of("all-in-one", ServiceKind.INDEX.folder, ServiceKind.INFERENCE.folder)
            .map(part -> classPath(requireBuild().resolve(part).resolve("lib")))
            .collect(Collectors.joining(File.pathSeparator)));
    command.add("io.ltri.allinone.AllInOne");
    command.add("--ltri.index-ready-file=" + indexReadyFile);
    command.add("--ltri.ready-file=" + inferenceReadyFile);
    return command;
  }

  private List<String> begin(String name) {
    List<String> command = new ArrayList<>();
    command.add(java());
    // First, for the system shows only the beginning of a long command line.
    command.add("-Dltri.service=" + name);
    command.add("-Dltri.home=" + home);
    command.add("-Duser.home=" + environment.getOrDefault("HOME", System.getProperty("user.home")));
    return command;
  }

  private List<String> ownOptions(ServiceKind kind) {
    String options = environment.getOrDefault(kind.javaOptionsSetting(), "").strip();
    return options.isEmpty() ? List.of() : Arrays.asList(options.split("\\s+"));
  }

  private static List<String> useOf(Path aotCache) {
    return Files.isRegularFile(aotCache)
        ? List.of("-XX:AOTCache=" + aotCache, "-XX:AOTMode=auto", "-Xlog:cds=off", "-Xlog:aot=off")
        : List.of();
  }

  private static String classPath(Path folder) {
    try (Stream<Path> jars = Files.list(folder)) {
      return jars.filter(jar -> jar.toString().endsWith(".jar"))
          .sorted()
          .map(Path::toString)
          .collect(Collectors.joining(File.pathSeparator));
    } catch (IOException e) {
      throw new UncheckedIOException("the build has no folder " + folder, e);
    }
  }
}
