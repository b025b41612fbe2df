package io.ltri.client.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The shell launcher in a made-up project, with a JDK, a Maven and a Python that are scripts. */
@Tag("slow")
@Timeout(60)
class LauncherTest {
  private static final List<String> TOOLS =
      List.of(
          "sh",
          "awk",
          "basename",
          "cat",
          "chmod",
          "cp",
          "cut",
          "dirname",
          "env",
          "find",
          "grep",
          "head",
          "ln",
          "mkdir",
          "mktemp",
          "mv",
          "ps",
          "readlink",
          "rm",
          "rmdir",
          "sed",
          "sha256sum",
          "sleep",
          "sort",
          "stty",
          "tar",
          "touch",
          "tr",
          "xargs");

  @TempDir Path folder;
  private Path root = Path.of("");
  private Path home = Path.of("");
  private Path bin = Path.of("");
  private final Map<String, String> environment = new TreeMap<>();

  private record Outcome(int code, String out, String err) {}

  @BeforeEach
  void layOut() throws IOException {
    // Blanks, for they are where scripts break.
    root = Files.createDirectories(folder.resolve("the project"));
    home = Files.createDirectories(folder.resolve("the home"));
    bin = Files.createDirectories(folder.resolve("bin"));
    for (String tool : TOOLS) {
      for (String place : List.of("/usr/bin", "/bin")) {
        Path actual = Path.of(place, tool);
        if (Files.exists(actual) && !Files.exists(bin.resolve(tool))) {
          script(bin.resolve(tool), "exec " + actual + " \"$@\"");
        }
      }
    }
    Files.copy(Path.of("..", "ltri"), root.resolve("ltri"));
    Files.createDirectories(root.resolve(".mvn"));
    Files.writeString(root.resolve(".mvn/jvm.config"), "");
    Files.writeString(root.resolve("pom.xml"), "<project/>");
    for (String module :
        List.of(
            "proto",
            "edge",
            "placement",
            "index-service",
            "inference-service",
            "all-in-one",
            "client",
            "evaluation",
            "benchmarks")) {
      Files.createDirectories(root.resolve(module).resolve("src/main/java"));
      Files.writeString(root.resolve(module).resolve("pom.xml"), "<project/>");
      Files.writeString(root.resolve(module).resolve("src/main/java/A.java"), "class A {}");
    }
    environment.put("PATH", bin.toString());
    environment.put("HOME", home.toString());
    environment.put("LTRI_JVM_FOLDERS", folder.resolve("jvm").toString());
  }

  private void script(Path file, String... lines) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Path jdk(String name, String version) throws IOException {
    Path jdk = folder.resolve("jvm").resolve(name);
    script(jdk.resolve("bin/javac"), "echo javac " + version);
    script(jdk.resolve("bin/java"), "for a in \"$@\"; do echo \"[$a]\"; done", "env | grep ^LTRI_");
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    return jdk;
  }

  /** Writes down how it was called, and puts jars where the build would. */
  private void maven(String version) throws IOException {
    script(
        bin.resolve("mvn"),
        "if [ \"$1\" = -v ]; then echo 'Apache Maven " + version + "'; exit; fi",
        "echo \"$MAVEN_OPTS | $*\" >>\"" + folder.resolve("mvn.log") + "\"",
        "sleep 0.3",
        "for m in index-service inference-service all-in-one client evaluation benchmarks; do",
        "  mkdir -p $m/target/lib",
        "  echo own >$m/target/ltri-$m-1.jar",
        "  echo dependency >$m/target/lib/dependency-1.jar",
        "  echo proto >$m/target/lib/ltri-proto-1.jar",
        "done",
        "exit ${FAKE_MAVEN_EXIT:-0}");
  }

  private long mavenCalls() throws IOException {
    Path log = folder.resolve("mvn.log");
    return Files.exists(log) ? Files.readAllLines(log).size() : 0;
  }

  private List<Path> builds() throws IOException {
    Path versions = home.resolve(".ltri/run/versions");
    if (!Files.exists(versions)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(versions)) {
      return entries.toList();
    }
  }

  private Process start(String... arguments) throws IOException {
    List<String> command =
        new java.util.ArrayList<>(List.of("sh", root.resolve("ltri").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().putAll(environment);
    return builder
        .directory(folder.toFile())
        .redirectInput(Path.of("/dev/null").toFile())
        .redirectError(Files.createTempFile(folder, "err", "").toFile())
        .start();
  }

  private Outcome end(Process process) throws IOException, InterruptedException {
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    StringBuilder err = new StringBuilder();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file :
          files.filter(f -> f.getFileName().toString().startsWith("err")).sorted().toList()) {
        err.append(Files.readString(file));
      }
    }
    return new Outcome(process.exitValue(), out, err.toString());
  }

  private Outcome run(String... arguments) throws IOException, InterruptedException {
    return end(start(arguments));
  }

  @Test
  void withoutAJdkOneSentenceSaysWhatToInstall() throws Exception {
    jdk("old", "17.0.9");
    environment.put("JAVA_HOME", folder.resolve("jvm/old").toString());
    Outcome outcome = run("status");
    assertThat(outcome.code()).isEqualTo(ExitCode.FAILED);
    assertThat(outcome.err()).startsWith("ltri: no JDK 25 was found").contains("install one");
    assertThat(outcome.err().lines()).hasSize(1);
  }

  @Test
  void jdkIsFoundInJavaHomeOnThePathAndInTheUsualFolders() throws Exception {
    maven("3.9.9");
    Path first = jdk("a", "25.0.3");
    assertThat(run("status").code()).isZero();

    environment.put("LTRI_JVM_FOLDERS", "/nowhere");
    assertThat(run("status").code()).isEqualTo(ExitCode.FAILED);
    environment.put("JAVA_HOME", first.toString());
    assertThat(run("status").code()).isZero();

    environment.remove("JAVA_HOME");
    Files.createSymbolicLink(bin.resolve("javac"), first.resolve("bin/javac"));
    assertThat(run("status").code()).isZero();
  }

  @Test
  void runtimeWithoutACompilerIsPassedOver() throws Exception {
    Files.delete(jdk("jre", "25.0.3").resolve("bin/javac"));
    assertThat(run("status").err()).contains("no JDK 25 was found");
  }

  @Test
  void withoutMavenItSaysWhatToInstall() throws Exception {
    jdk("a", "25");
    Outcome outcome = run("build");
    assertThat(outcome.code()).isEqualTo(ExitCode.FAILED);
    assertThat(outcome.err()).contains("no Maven was found");
    assertThat(builds()).isEmpty();
    assertThat(root.resolve("target/build.lock")).doesNotExist();
  }

  @Test
  void oldMavenIsAskedForANewerOne() throws Exception {
    jdk("a", "25");
    maven("3.8.7");
    Outcome outcome = run("build");
    // The fake one delivers nothing.
    assertThat(outcome.code()).isEqualTo(ExitCode.FAILED);
    assertThat(outcome.err()).contains("fetching Maven").contains("thrown away");
    assertThat(Files.readString(folder.resolve("mvn.log")))
        .contains("dependency-plugin")
        .contains("org.apache.maven:apache-maven:");
    try (Stream<Path> left = Files.list(home.resolve(".ltri/tools"))) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void buildsOnlyWhenTheSourcesChanged() throws Exception {
    jdk("a", "25");
    maven("3.9.6");
    assertThat(run("build").code()).isZero();
    run("status");
    run("build");
    assertThat(mavenCalls()).isEqualTo(1);

    Path source = root.resolve("client/src/main/java/A.java");
    Files.writeString(source, "class A { int b; }");
    Outcome changed = run("build");
    assertThat(mavenCalls()).isEqualTo(2);
    assertThat(builds()).hasSize(2).contains(Path.of(changed.out().strip()));

    Files.writeString(source, "class A {}");
    run("build");
    Files.writeString(root.resolve("client/README.md"), "no source");
    run("build");
    assertThat(mavenCalls()).isEqualTo(2);
  }

  @Test
  void buildHoldsTheJarsOfEachPartAndItsOwnAreCopies() throws Exception {
    jdk("a", "25");
    maven("4.0.0");
    Path build = Path.of(run("build").out().strip());
    for (String part : List.of("index", "inference", "client", "evaluation", "benchmarks")) {
      Path lib = build.resolve(part).resolve("lib");
      assertThat(lib.resolve("dependency-1.jar")).exists();
      Path module = root.resolve(part.startsWith("in") ? part + "-service" : part);
      // Maven writes these again in place, under the feet of a running service if they were links.
      for (String own : List.of("ltri-proto-1.jar", "ltri-" + module.getFileName() + "-1.jar")) {
        assertThat(Files.getAttribute(lib.resolve(own), "unix:nlink")).isEqualTo(1);
      }
    }
  }

  @Test
  void everyJvmAndMavenGetTheHomeOfTheEnvironment() throws Exception {
    jdk("a", "25");
    maven("3.9.9");
    putModel();
    Outcome outcome = run("ask", "two words", "");
    assertThat(outcome.out())
        .contains("[-Duser.home=" + home + "]")
        .contains("[io.ltri.client.command.LtriCommand]\n[ask]\n[two words]\n[]")
        .contains("LTRI_HOME=" + home + "/.ltri")
        .contains("LTRI_LAUNCHER=" + root.toRealPath() + "/ltri")
        .contains("LTRI_BUILD_FOLDER=" + builds().getFirst());
    assertThat(Files.readString(folder.resolve("mvn.log")))
        .contains("-Duser.home=" + home)
        .contains("-Dmaven.repo.local=" + home + "/.m2/repository");
  }

  @Test
  void evaluationIsRunWithAClassPathOfItsOwn() throws Exception {
    jdk("a", "25");
    maven("3.9.9");
    putModel();
    assertThat(run("eval", "niah", "--samples", "2").out())
        .contains("/evaluation/lib/ltri-evaluation-1.jar")
        .contains("[io.ltri.evaluation.EvalCommand]\n[niah]\n[--samples]\n[2]");
  }

  @Test
  void benchmarksAreRunWithAClassPathOfTheirOwn() throws Exception {
    jdk("a", "25");
    maven("3.9.9");
    putModel();
    assertThat(run("bench", "--lengths", "1k").out())
        .contains("/benchmarks/lib/ltri-benchmarks-1.jar")
        .contains("[io.ltri.benchmarks.BenchCommand]\n[--lengths]\n[1k]");
  }

  @Test
  void localRepositoryOfTheUserIsRespected() throws Exception {
    jdk("a", "25");
    maven("3.9.9");
    environment.put("MAVEN_OPTS", "-Dmaven.repo.local=/elsewhere");
    run("build");
    assertThat(Files.readString(folder.resolve("mvn.log")))
        .contains("/elsewhere")
        .doesNotContain("/.m2/repository");
  }

  @Test
  void failedBuildLeavesNothingAndSaysWhereItsLogIs() throws Exception {
    jdk("a", "25");
    maven("3.9.9");
    environment.put("FAKE_MAVEN_EXIT", "1");
    Outcome outcome = run("status");
    assertThat(outcome.code()).isEqualTo(ExitCode.FAILED);
    assertThat(outcome.err()).contains("the build failed").contains("build.log");
    assertThat(builds()).isEmpty();
    assertThat(root.resolve("target/build.lock")).doesNotExist();
  }

  @Test
  void launchesAtTheSameTimeBuildOnce() throws Exception {
    jdk("a", "25");
    maven("3.9.9");
    List<Process> launches = List.of(start("build"), start("build"), start("build"));
    for (Process launch : launches) {
      assertThat(end(launch).code()).isZero();
    }
    assertThat(mavenCalls()).isEqualTo(1);
    assertThat(builds()).hasSize(1);
    assertThat(root.resolve("target/build.lock")).doesNotExist();
  }

  @Test
  void lockOfADeadProcessIsTakenOver() throws Exception {
    jdk("a", "25");
    maven("3.9.9");
    Path lock = Files.createDirectories(root.resolve("target/build.lock"));
    // The pid lives, but its process is another than the one that took the lock.
    Files.writeString(lock.resolve("holder"), ProcessHandle.current().pid() + " 1\n");
    assertThat(run("build").code()).isZero();
    assertThat(lock).doesNotExist();
  }

  @Test
  void lockOfALivingProcessIsWaitedFor() throws Exception {
    jdk("a", "25");
    maven("3.9.9");
    Path lock = Files.createDirectories(root.resolve("target/build.lock"));
    String stat = Files.readString(Path.of("/proc/self/stat"));
    String start = stat.substring(stat.lastIndexOf(')') + 2).split(" ")[19];
    Files.writeString(lock.resolve("holder"), ProcessHandle.current().pid() + " " + start + "\n");
    Process launch = start("build");
    assertThat(launch.waitFor(1, TimeUnit.SECONDS)).isFalse();
    Files.delete(lock.resolve("holder"));
    Files.delete(lock);
    Outcome outcome = end(launch);
    assertThat(outcome.code()).isZero();
    assertThat(outcome.err()).contains("waiting for process " + ProcessHandle.current().pid());
  }

  @Test
  void unusedOldBuildsAreRemovedAndUsedOnesStay() throws Exception {
    jdk("a", "25");
    maven("3.9.9");
    Path versions = Files.createDirectories(home.resolve(".ltri/run/versions"));
    Path unused = Files.createDirectories(versions.resolve("aaaa"));
    Path used = Files.createDirectories(versions.resolve("bbbb"));
    Path young = Files.createDirectories(versions.resolve("cccc"));
    for (Path old : List.of(unused, used)) {
      Files.setLastModifiedTime(
          old,
          java.nio.file.attribute.FileTime.from(
              java.time.Instant.now().minus(java.time.Duration.ofHours(2))));
    }
    Process user =
        new ProcessBuilder("sh", "-c", "sleep 60; :", used.resolve("lib/x.jar").toString()).start();
    try {
      assertThat(run("build").code()).isZero();
      assertThat(unused).doesNotExist();
      assertThat(used).exists();
      assertThat(young).exists();
    } finally {
      user.descendants().forEach(ProcessHandle::destroyForcibly);
      user.destroyForcibly();
    }
  }

  @Test
  void modelOfAnotherContentIsRefusedAndNothingStays() throws Exception {
    jdk("a", "25");
    maven("3.9.9");
    script(
        bin.resolve("python3"),
        "for last in \"$@\"; do :; done",
        "[ \"$1\" != -c ] || echo x >\"$last\"");
    Outcome outcome = run("model");
    assertThat(outcome.code()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(outcome.err())
        .contains("what pip fetched is not the expected model (SHA-256)")
        .contains("Put the file SmolLM2-135M-Instruct.Q4_1.gguf")
        .contains(home + "/.ltri/models/SmolLM2-135M-Instruct.Q4_1.gguf");
    try (Stream<Path> left = Files.list(home.resolve(".ltri/models"))) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void withoutPipHubAndJdkItSaysWhereToPutAFile() throws Exception {
    Outcome outcome = run("model");
    assertThat(outcome.code()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(outcome.err())
        .contains("there is no python3 with pip")
        .contains("Put the file")
        .contains("--model PATH");
  }

  @Test
  void modelThatIsThereIsNotFetched() throws Exception {
    Path model = putModel();
    Outcome outcome = run("model");
    assertThat(outcome.out().strip()).isEqualTo(model.toString());
    assertThat(outcome.code()).isZero();
  }

  @Test
  void headsAreMeasuredByAClassOfTheInferenceService() throws Exception {
    Path model = putModel();
    jdk("a", "25");
    maven("3.9.9");
    Outcome named = run("heads", "a folder/some.gguf");
    assertThat(named.code()).isZero();
    assertThat(named.out().lines())
        .containsSubsequence(
            "[io.ltri.inference.engine.RetrievalHeads]",
            "[a folder/some.gguf]",
            "[" + home + "/.ltri/heads/some.json]");
    assertThat(run("heads").out().lines())
        .containsSubsequence(
            "[" + model + "]", "[" + home + "/.ltri/heads/SmolLM2-135M-Instruct.Q4_1.json]");
    assertThat(run("heads", "some.gguf", "other.json").out().lines())
        .containsSubsequence("[some.gguf]", "[other.json]");
    assertThat(run("heads", "a", "b", "c").code()).isEqualTo(2);
    assertThat(run("heads", "--help").out()).contains("[io.ltri.client.command.LtriCommand]");
  }

  private Path putModel() throws IOException {
    Path model = home.resolve(".ltri/models/SmolLM2-135M-Instruct.Q4_1.gguf");
    Files.createDirectories(model.getParent());
    return Files.writeString(model, "whatever");
  }

  @Test
  void modelIsThereBeforeTheBuildWhoseTrainingRunNeedsIt() throws Exception {
    jdk("a", "25");
    maven("3.9.9");
    assertThat(run("ask", "why?").err()).contains("the default model could not be fetched");
    assertThat(run("ask", "--model=other.gguf", "why?").code()).isZero();
    assertThat(run("ask", "--server", "elsewhere:7600", "why?").code()).isZero();
    assertThat(run("ask", "--help").code()).isZero();
    assertThat(run("status").code()).isZero();
    putModel();
    assertThat(run("ask", "why?").code()).isZero();
  }

  @Test
  void testRunsMavenAndPassesItsOutcomeOn() throws Exception {
    jdk("a", "25");
    maven("3.9.9");
    environment.put("FAKE_MAVEN_EXIT", "1");
    assertThat(run("test", "--quick", "-pl", "client").code()).isEqualTo(1);
    assertThat(Files.readString(folder.resolve("mvn.log")))
        .contains("-DexcludedGroups=slow verify -pl client");
    assertThat(root.resolve("target/build.lock")).doesNotExist();
  }

  @Test
  void missingHomeIsSaid() throws Exception {
    environment.remove("HOME");
    assertThat(run("status").err()).contains("HOME is not set");
  }
}
