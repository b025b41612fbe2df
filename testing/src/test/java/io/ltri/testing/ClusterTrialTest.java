package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code ltri cluster trial} with a random model: the whole cluster, each process one of its own.
 */
@Tag("slow")
class ClusterTrialTest {

  @TempDir Path folder;

  /** A build as the launcher makes it, of what is on this class path. */
  private Path build() throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest
        .getMainAttributes()
        .put(
            Attributes.Name.CLASS_PATH,
            Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> Path.of(entry).toUri().toString())
                .collect(Collectors.joining(" ")));
    Path build = folder.resolve("build");
    for (String service : List.of("index", "inference")) {
      Path lib = Files.createDirectories(build.resolve(service).resolve("lib"));
      try (OutputStream file = Files.newOutputStream(lib.resolve("all.jar"));
          JarOutputStream jar = new JarOutputStream(file, manifest)) {
        jar.finish();
      }
    }
    return build;
  }

  /** The environment variable of a setting. */
  private static String variable(String setting) {
    return setting.toUpperCase(Locale.ROOT).replace('.', '_').replace("-", "");
  }

  private String trial(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        JavaCommand.of(
            List.of("-XX:TieredStopAtLevel=1", "-Xmx256m"),
            "io.ltri.client.command.LtriCommand",
            "cluster",
            "trial",
            "--model",
            TinyModel.FOLDER.toString(),
            "--characters",
            "1500",
            "--steady",
            "1",
            "--no-times");
    TinyModel.SETTINGS.forEach(
        (name, value) -> command.addAll(List.of("--set", variable(name) + "=" + value)));
    command.addAll(List.of(arguments));
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("LTRI_HOME", folder.resolve("home").toString());
    builder.environment().put("LTRI_BUILD_FOLDER", build().toString());
    builder.environment().put("LTRI_LAUNCHER", Path.of("../ltri").toAbsolutePath().toString());
    // Ends quickly rather than runs fast.
    builder.environment().put("LTRI_INDEX_JAVA_OPTS", "-XX:TieredStopAtLevel=1");
    builder.environment().put("LTRI_INFERENCE_JAVA_OPTS", "-XX:TieredStopAtLevel=1");
    Process process = builder.start();
    try {
      boolean ended = process.waitFor(10, TimeUnit.MINUTES);
      String output = Files.readString(log);
      assertThat(ended).as(output).isTrue();
      assertThat(process.exitValue()).as(output).isZero();
      return output;
    } finally {
      process.destroy();
    }
  }

  @Test
  void answersAreTheSameWhileOneNodeIsKilledAndAnotherFrozen() throws Exception {
    String output = trial("--parts", "faults", "--faults", "2", "--answers", "40");
    assertThat(output).contains("is killed", "is frozen", " 0 wrong, 0 failed");
    assertThat(folder.resolve("home").resolve("run")).isEmptyDirectory();
  }

  @Test
  void noRequestFailsWhileEveryProcessIsRestartedAndANodeComesAndGoes() throws Exception {
    String output = trial("--parts", "rolling,scaling", "--answers", "40");
    assertThat(output)
        .contains("zookeeper restarted", "inference-1 (SIGKILL) restarted", " 0 wrong, 0 failed");
  }
}
