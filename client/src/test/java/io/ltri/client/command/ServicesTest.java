package io.ltri.client.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ltri.client.command.ServiceState.Serving;
import io.ltri.client.command.ServiceState.Stopped;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With real processes that stand in for the services. */
@Timeout(60)
class ServicesTest {
  private static final Map<String, String> SETTINGS =
      Map.of(
          "LTRI_INDEX_PORT", "0",
          "LTRI_INFERENCE_PORT", "0",
          "LTRI_INFERENCE_MODEL", "model.gguf");

  @TempDir Path home;
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private Services services() {
    Terminal terminal =
        new Terminal(
            new ByteArrayInputStream(new byte[0]),
            System.out,
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            80);
    Installation installation =
        new Installation(home, home.resolve("build1"), null, Map.of("HOME", home.toString()));
    return new Services(
        installation,
        terminal,
        (kind, readyFile) ->
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx32m",
                "-Dltri.service=" + kind.serviceName,
                "-Dltri.home=" + home,
                "-cp",
                System.getProperty("java.class.path"),
                FakeService.class.getName(),
                kind.serviceName,
                kind.settingsPrefix,
                "--ltri.ready-file=" + readyFile));
  }

  private static ServiceSettings settings(String... more) {
    Map<String, String> values = new TreeMap<>(SETTINGS);
    for (int i = 0; i < more.length; i += 2) {
      values.put(more[i], more[i + 1]);
    }
    return new ServiceSettings(values);
  }

  private static Serving serving(Services services, ServiceKind kind) {
    assertThat(services.state(kind)).isInstanceOf(Serving.class);
    return (Serving) services.state(kind);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @AfterEach
  void stop() {
    services().stop();
  }

  @Test
  void servicesAreStartedOnceAndFoundAgain() {
    String address = services().ensureServing(settings());
    long pid = serving(services(), ServiceKind.INFERENCE).handle().pid();
    assertThat(services().ensureServing(settings())).isEqualTo(address);
    assertThat(services().ensureServing(new ServiceSettings(Map.of()))).isEqualTo(address);
    assertThat(serving(services(), ServiceKind.INFERENCE).handle().pid()).isEqualTo(pid);
    assertThat(serving(services(), ServiceKind.INFERENCE).process().settings())
        .containsEntry(
            "LTRI_INFERENCE_INDEX", serving(services(), ServiceKind.INDEX).ready().address());
    assertThat(home.resolve("logs/index-service.log")).content().contains("index-service log line");
  }

  @Test
  void servicesAreInProcessGroupsOfTheirOwn() throws Exception {
    services().ensureServing(settings());
    for (ServiceKind kind : ServiceKind.values()) {
      long pid = serving(services(), kind).handle().pid();
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      String group = stat.substring(stat.lastIndexOf(')') + 2).split(" ")[2];
      assertThat(group).isEqualTo(Long.toString(pid));
    }
  }

  @Test
  void commandsAtTheSameTimeStartOnePair() throws Exception {
    List<CompletableFuture<String>> commands =
        List.of(
            CompletableFuture.supplyAsync(() -> services().ensureServing(settings())),
            CompletableFuture.supplyAsync(() -> startInOtherProcess()));
    assertThat(commands.get(0).get(40, TimeUnit.SECONDS))
        .isEqualTo(commands.get(1).get(40, TimeUnit.SECONDS));
  }

  /** A file lock is held by a process, so the other command has to be another process. */
  private String startInOtherProcess() {
    try {
      Process other =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  OtherCommand.class.getName(),
                  home.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      String address = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(other.waitFor()).isZero();
      return address.strip();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Makes the services serve and prints the address. */
  static final class OtherCommand {
    public static void main(String[] args) {
      ServicesTest test = new ServicesTest();
      test.home = Path.of(args[0]);
      System.out.println(test.services().ensureServing(settings()));
    }
  }

  @Test
  void otherSettingsThanTheRunningOnesAreRefused() {
    services().ensureServing(settings());
    assertThatThrownBy(
            () -> services().ensureServing(settings("LTRI_INFERENCE_MODEL", "other.gguf")))
        .isInstanceOfSatisfying(
            CommandFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
        .hasMessageContaining("asked for other.gguf, running with model.gguf")
        .hasMessageContaining("ltri stop");
    assertThatThrownBy(() -> services().ensureServing(settings("LTRI_INDEX_HEAP", "1")))
        .hasMessageContaining("LTRI_INDEX_HEAP");
    // The default, named.
    services().ensureServing(settings("LTRI_INFERENCE_DEVICE", "cpu"));
  }

  @Test
  void killedServicesAreNoticedAndStartedAgain() throws Exception {
    services().ensureServing(settings());
    for (ServiceKind kind : ServiceKind.values()) {
      ProcessHandle handle = serving(services(), kind).handle();
      handle.destroyForcibly();
      handle.onExit().get(10, TimeUnit.SECONDS);
      assertThat(services().state(kind)).isEqualTo(new Stopped(true));
      assertThat(services().readyFile(kind)).exists();
    }
    services().ensureServing(settings());
    serving(services(), ServiceKind.INDEX);
    serving(services(), ServiceKind.INFERENCE);
  }

  @Test
  void lostIndexComesBackWhereTheInferenceServiceLooksForIt() throws Exception {
    services().ensureServing(settings());
    String address = serving(services(), ServiceKind.INDEX).ready().address();
    long inference = serving(services(), ServiceKind.INFERENCE).handle().pid();
    ProcessHandle index = serving(services(), ServiceKind.INDEX).handle();
    index.destroyForcibly();
    index.onExit().get(10, TimeUnit.SECONDS);
    Services again = services();
    again.ensureServing(settings());
    assertThat(again.hasBroughtIndexBack()).isTrue();
    Services later = services();
    later.ensureServing(settings());
    assertThat(later.hasBroughtIndexBack()).isFalse();
    assertThat(serving(services(), ServiceKind.INDEX).ready().address()).isEqualTo(address);
    assertThat(serving(services(), ServiceKind.INFERENCE).handle().pid()).isEqualTo(inference);
  }

  @Test
  void pidThatNowBelongsToAnotherProcessIsStaleAndIsNeverKilled() throws Exception {
    Process other = new ProcessBuilder("sleep", "60").start();
    try {
      Files.createDirectories(home.resolve("run"));
      ServiceProcess actual = ServiceProcess.of(other.toHandle(), "b", Map.of());
      new ServiceProcess(actual.pid(), actual.startedAtMillis() - 60_000, "b", Map.of())
          .write(services().processFile(ServiceKind.INDEX));
      Files.writeString(
          services().readyFile(ServiceKind.INDEX),
          FlatJson.write(Map.of("pid", actual.pid(), "address", "127.0.0.1:1")));
      assertThat(services().state(ServiceKind.INDEX)).isEqualTo(new Stopped(true));
      assertThat(services().stop()).isZero();
      assertThat(other.isAlive()).isTrue();
      assertThat(services().processFile(ServiceKind.INDEX)).doesNotExist();
      assertThat(services().readyFile(ServiceKind.INDEX)).doesNotExist();
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void startThatFailsShowsTheEndOfTheLogAndStopsTheOther() {
    assertThatThrownBy(() -> services().ensureServing(settings("LTRI_INFERENCE_MODE", "fail")))
        .isInstanceOfSatisfying(
            CommandFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.UNAVAILABLE))
        .hasMessageContaining("inference-service did not start")
        .hasMessageContaining("field magic is wrong");
    assertThat(services().state(ServiceKind.INDEX)).isEqualTo(new Stopped(false));
    assertThat(services().state(ServiceKind.INFERENCE)).isEqualTo(new Stopped(false));
  }

  @Test
  void takenPortNamesItsHolder() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(socket.getLocalPort());
      assertThatThrownBy(() -> services().ensureServing(settings("LTRI_INDEX_PORT", port)))
          .isInstanceOfSatisfying(
              CommandFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.UNAVAILABLE))
          .hasMessageContaining("port " + port + " is taken by java")
          .hasMessageContaining("pid " + ProcessHandle.current().pid())
          .hasMessageContaining("--index-port");
    }
    assertThat(services().state(ServiceKind.INFERENCE)).isEqualTo(new Stopped(false));
  }

  @Test
  void wrongPortIsAUsageError() {
    assertThatThrownBy(() -> services().ensureServing(settings("LTRI_INDEX_PORT", "70000")))
        .isInstanceOfSatisfying(
            CommandFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE));
  }

  @Test
  void withAnIndexOfAnotherOnlyTheInferenceServiceStarts() {
    services().ensureServing(settings("LTRI_INFERENCE_INDEX", "10.0.0.1:7700"));
    assertThat(services().state(ServiceKind.INDEX)).isEqualTo(new Stopped(false));
    assertThat(serving(services(), ServiceKind.INFERENCE).process().settings())
        .containsEntry("LTRI_INFERENCE_INDEX", "10.0.0.1:7700");
  }

  @Test
  void stoppedServicesLeaveNoFiles() {
    services().ensureServing(settings());
    assertThat(services().stop()).isEqualTo(2);
    for (ServiceKind kind : ServiceKind.values()) {
      assertThat(services().state(kind)).isEqualTo(new Stopped(false));
      assertThat(services().readyFile(kind)).doesNotExist();
    }
    assertThat(services().stop()).isZero();
  }

  @Test
  void missingModelSaysWhereToPutOne() {
    assertThatThrownBy(
            () ->
                services()
                    .ensureServing(
                        new ServiceSettings(
                            Map.of("LTRI_INDEX_PORT", "0", "LTRI_INFERENCE_PORT", "0"))))
        .isInstanceOf(CommandFailure.class)
        .hasMessageContaining(home.resolve("models").toString())
        .hasMessageContaining("--model");
  }
}
