package io.ltri.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.benchmarks.figure.Answering.Retrieval;
import io.ltri.benchmarks.figure.LengthFigures;
import io.ltri.benchmarks.figure.MemoryUse;
import io.ltri.benchmarks.figure.Reading;
import io.ltri.benchmarks.figure.Result;
import io.ltri.benchmarks.figure.ResultFile;
import io.ltri.benchmarks.figure.SequencesFigures;
import io.ltri.benchmarks.figure.StepProfile;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The command in a process of its own, over a tiny random model; the services are the real ones.
 */
@Tag("slow")
class BenchCommandTest {
  private static final Path MODEL =
      Path.of("../inference-service/src/test/resources/models/tiny-llama-gguf/tiny-llama.gguf");

  /** A text of some hundred words has spans and look-ups. */
  private static final Map<String, String> SMALL =
      Map.ofEntries(
          Map.entry("LTRI_INFERENCE_PRECISION", "fp32"),
          Map.entry("LTRI_INFERENCE_THREADS", "1"),
          Map.entry("LTRI_INFERENCE_SINKTOKENS", "8"),
          Map.entry("LTRI_INFERENCE_WINDOWTOKENS", "48"),
          Map.entry("LTRI_INFERENCE_CHUNKTOKENS", "32"),
          Map.entry("LTRI_INFERENCE_READINGBUDGETTOKENS", "64"),
          Map.entry("LTRI_INFERENCE_BUDGETTOKENS", "64"),
          Map.entry("LTRI_INFERENCE_SPANSHORTEST", "4"),
          Map.entry("LTRI_INFERENCE_SPANLONGEST", "16"));

  @TempDir Path folder;
  private Path out = Path.of("");
  private Path python = Path.of("");

  @BeforeEach
  void layOut() throws IOException {
    out = folder.resolve("out");
    // A build, as the launcher makes it, of the classes of this test's own class path.
    for (String part : List.of("index", "inference")) {
      Path lib = Files.createDirectories(folder.resolve("build").resolve(part).resolve("lib"));
      pathJar(lib.resolve("all.jar"));
    }
    // Unpacking the native libraries a second time would take longer than all the rest.
    String unpacked = System.getenv("DJL_CACHE_DIR");
    Files.createSymbolicLink(
        Files.createDirectories(folder.resolve("home")).resolve("natives"),
        Files.createDirectories(
            unpacked == null
                ? Path.of(System.getProperty("user.home"), ".djl.ai")
                : Path.of(unpacked)));
    python = folder.resolve("python");
    Files.writeString(
        python,
        "#!/bin/sh\nexec '%s' -Xmx32m -cp '%s' %s\n"
            .formatted(java(), System.getProperty("java.class.path"), FakePeer.class.getName()));
    assertThat(python.toFile().setExecutable(true)).isTrue();
  }

  private static void pathJar(Path jar) throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest
        .getMainAttributes()
        .put(
            Attributes.Name.CLASS_PATH,
            Arrays.stream(
                    System.getProperty(
                            "surefire.test.class.path", System.getProperty("java.class.path"))
                        .split(File.pathSeparator))
                .map(entry -> Path.of(entry).toUri().toString())
                .collect(Collectors.joining(" ")));
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream written = new JarOutputStream(file, manifest)) {
      written.flush();
    }
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private Process start(String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                java(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-Djava.awt.headless=true",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                BenchCommand.class.getName(),
                "--model",
                MODEL.toString(),
                "--generated",
                "--peer",
                "llama.cpp",
                "--peer-python",
                python.toString(),
                "--bandwidth-mib",
                "1",
                "--out",
                out.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("LTRI_"));
    builder.environment().putAll(SMALL);
    builder.environment().put("DJL_CACHE_DIR", folder.resolve("home/natives").toString());
    builder.environment().put("LTRI_HOME", folder.resolve("home").toString());
    builder.environment().put("LTRI_BUILD_FOLDER", folder.resolve("build").toString());
    return builder.start();
  }

  private String log() throws IOException {
    return Files.readString(folder.resolve("log"));
  }

  @Test
  void figuresOfEveryKindAreInTheResult() throws Exception {
    Process bench =
        start(
            "--lengths",
            "100,400",
            "--rounds",
            "2",
            "--tokens",
            "8",
            "--no-warm-up",
            "--sequences",
            "1,2",
            "--sequences-length",
            "300",
            "--while-reading",
            "2000",
            "--profile",
            "--label",
            "tiny");
    assertThat(bench.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(bench.exitValue()).as(log()).isZero();

    Result result = ResultFile.read(out.resolve("result.json"));
    assertThat(result.complete()).isTrue();
    assertThat(result.made().services()).containsEntry("precision", "fp32");
    assertThat(result.made().command()).doesNotContain(folder.toString());
    assertThat(result.measuredLengths()).containsExactly(100, 400);
    for (int length : List.of(100, 400)) {
      LengthFigures ours = result.at(length, Result.LTRI).orElseThrow();
      Reading reading = ours.readings().getFirst();
      assertThat(reading.tokens()).isBetween((long) length - 20, length + 60L);
      assertThat(reading.firstTokenMillis()).isGreaterThan(1000 * reading.seconds());
      assertThat(ours.answers())
          .hasSize(2)
          .allSatisfy(
              answer -> assertThat(answer.intervalsMillis()).hasSizeGreaterThanOrEqualTo(7));
      assertThat(ours.memory())
          .extracting(MemoryUse::process)
          .containsExactly("inference-service", "index-service");
      assertThat(ours.memory())
          .allSatisfy(
              use -> {
                assertThat(use.residentBytes()).isGreaterThan(use.anonymousBytes());
                assertThat(use.liveHeapBytes()).isPositive();
              });
      assertThat(ours.rooflineMillis()).isPositive();
      LengthFigures peer = result.at(length, "llama.cpp").orElseThrow();
      assertThat(peer.decodeP50Millis().median()).isEqualTo(5);
      assertThat(peer.prefillTokensPerSecond().median()).isEqualTo(50);
    }
    Retrieval some = Objects.requireNonNull(result.at(400, Result.LTRI).orElseThrow().retrieval());
    assertThat(some.retrievedTokens()).isPositive();
    assertThat(some.bytesFetched()).isPositive();
    assertThat(some.lookupsMissed()).isZero();
    assertThat(result.sequences()).extracting(SequencesFigures::sequences).containsExactly(1, 2);
    assertThat(result.whileReading()).hasSize(1);
    assertThat(result.whileReading().getFirst().tokens()).isPositive();

    StepProfile profile = result.profiles().getLast();
    assertThat(profile.steps()).isBetween(6, 8);
    assertThat(profile.layers()).hasSize(2);
    assertThat(profile.parts())
        .extracting(StepProfile.Part::name)
        .contains("tensor: attendOne", "tensor: projectRows", "look-up", "blocks: cache and fetch");
    assertThat(profile.parts().stream().mapToDouble(StepProfile.Part::millis).sum())
        .isLessThan(profile.stepMillis());
    assertThat(profile.index()).extracting(StepProfile.Part::name).contains("search");
    assertThat(log())
        .contains("| 400 | ltri |")
        .contains("A decode step over a text of 400 tokens");
    assertNothingIsLeft();
  }

  @Test
  void whatIsCutOffLeavesNothingRunning() throws Exception {
    Process bench = start("--lengths", "20k", "--no-warm-up");
    while (!log().contains("ltri reads")) {
      assertThat(bench.isAlive()).as(log()).isTrue();
      Thread.sleep(50);
    }
    List<ProcessHandle> started =
        Stream.concat(bench.toHandle().descendants(), ofThisFolder()).distinct().toList();
    // Two services and the peer.
    assertThat(started).hasSizeGreaterThanOrEqualTo(3);
    bench.destroy();
    assertThat(bench.waitFor(90, TimeUnit.SECONDS)).as(log()).isTrue();
    assertThat(started).noneMatch(ProcessHandle::isAlive);
    assertNothingIsLeft();
  }

  /** Services have process groups, and parents, of their own. */
  private Stream<ProcessHandle> ofThisFolder() {
    return ProcessHandle.allProcesses()
        .filter(
            process ->
                process.info().arguments().map(List::of).stream()
                    .flatMap(List::stream)
                    .anyMatch(argument -> argument.startsWith("-Dltri.home=" + folder)));
  }

  private void assertNothingIsLeft() throws IOException {
    assertThat(ofThisFolder()).isEmpty();
    try (Stream<Path> runs = Files.list(folder.resolve("home").resolve("benchmarks"))) {
      assertThat(runs).isEmpty();
    }
  }
}
