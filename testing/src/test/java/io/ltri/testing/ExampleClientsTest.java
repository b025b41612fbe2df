package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ltri.edge.access.Scope;
import io.ltri.inference.engine.Generator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The clients of client/examples against the real services. {@code LTRI_TEST_PYTHON} names a Python
 * that has their packages; without such a one, or without the npm packages, their tests are
 * skipped.
 */
class ExampleClientsTest {
  private static final Path EXAMPLES = Path.of("../client/examples").toAbsolutePath().normalize();
  private static final TestTokens TOKENS = new TestTokens();
  private static final String WRITER = TOKENS.add("writer", "acme", Scope.WRITER, false);

  @RegisterExtension
  static final LtriExtension LTRI =
      TinyModel.services()
          .with("ltri.inference.access.token-file", TOKENS.file)
          .withClient(client -> client.token(WRITER));

  private record Ended(int code, String output) {}

  private static Ended run(List<String> command) throws Exception {
    Path output = Files.createTempFile("ltri-example-", ".txt");
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(EXAMPLES.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
    } catch (IOException e) {
      return new Ended(127, e.toString());
    }
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
    String text = Files.readString(output, StandardCharsets.UTF_8);
    Files.delete(output);
    return new Ended(process.waitFor(), text);
  }

  private static Ended run(List<String> client, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(client);
    command.addAll(List.of("--server", LTRI.inferenceAddress()));
    command.addAll(List.of(arguments));
    return run(command);
  }

  private static void everything(List<String> client) throws Exception {
    String token = TOKENS.fileOf(WRITER).toString();
    Ended nobody = run(client, "server");
    assertThat(nobody.code()).as(nobody.output()).isEqualTo(1);
    assertThat(nobody.output()).startsWith("UNAUTHENTICATED: ");

    Path text = Files.writeString(Files.createTempFile("harbour-", ".txt"), TinyModel.text(400, 5));
    Ended put = run(client, "--token-file", token, "put", text.toString());
    assertThat(put.code()).as(put.output()).isZero();
    String id = put.output().lines().reduce((one, last) -> last).orElseThrow().split(" ", 2)[0];
    Files.delete(text);

    Ended server = run(client, "--token-file", token, "server");
    assertThat(server.output()).contains("SERVING, 1 documents");
    Ended ask = run(client, "--token-file", token, "ask", "-d", id, "--max-tokens", "6", "who?");
    assertThat(ask.code()).as(ask.output()).isZero();
    assertThat(ask.output()).contains("6 generated");
    Ended cancelled =
        run(
            client,
            "--token-file",
            token,
            "ask",
            "--max-tokens",
            "100000",
            "--cancel-after",
            "3",
            "for ever");
    assertThat(cancelled.code()).as(cancelled.output()).isZero();
    assertThat(cancelled.output()).contains("[cancelled after");
    Ended late =
        run(client, "--token-file", token, "--timeout", "2", "ask", "--max-tokens", "100000", "x");
    assertThat(late.code()).as(late.output()).isEqualTo(1);
    assertThat(late.output()).contains("DEADLINE_EXCEEDED: ");
    Generator generator = LTRI.inferenceBean(Generator.class);
    for (int i = 0; i < 600 && generator.running() > 0; i++) {
      Thread.sleep(50);
    }
    assertThat(generator.running()).isZero();
    LTRI.client().delete(id);
  }

  @Test
  void thePythonClientDoesWhatItsPageSays() throws Exception {
    String python = System.getenv().getOrDefault("LTRI_TEST_PYTHON", "python3");
    assumeTrue(
        run(List.of(python, "-c", "import grpc, grpc_tools")).code() == 0,
        "needs python3 with grpcio and grpcio-tools");
    everything(List.of(python, EXAMPLES.resolve("python/ltri_client.py").toString()));
  }

  @Test
  void theTypeScriptClientDoesWhatItsPageSays() throws Exception {
    Path folder = EXAMPLES.resolve("typescript");
    Path tsx = folder.resolve("node_modules/tsx/dist/cli.mjs");
    assumeTrue(
        Files.isReadable(tsx) && run(List.of("node", "--version")).code() == 0,
        "needs node, and npm install in client/examples/typescript");
    everything(List.of("node", tsx.toString(), folder.resolve("ltri-client.ts").toString()));
  }
}
