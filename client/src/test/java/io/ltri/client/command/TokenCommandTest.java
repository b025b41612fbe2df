package io.ltri.client.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.ltri.client.LtriClient;
import io.ltri.edge.access.KeyFile;
import io.ltri.edge.access.Scope;
import io.ltri.edge.access.TenantKey;
import io.ltri.edge.access.Tokens;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenCommandTest {
  @TempDir Path home;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... arguments) {
    Terminal terminal =
        new Terminal(
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            80);
    Installation installation = new Installation(home, null, null, Map.of());
    return LtriCommand.commandLine(
            new Session(
                installation,
                terminal,
                new Interrupts(),
                new Services(installation, terminal),
                LtriClient::connect))
        .execute(arguments);
  }

  @Test
  void aTokenIsMadeListedAndRevoked() {
    assertThat(run("token", "add", "ada", "--tenant", "acme", "--scope", "reader")).isZero();
    String token = out.toString(StandardCharsets.UTF_8).strip();
    Tokens tokens = Tokens.of(home.resolve("tokens"), Clock.systemUTC());
    assertThat(tokens.find(token))
        .hasValueSatisfying(
            found -> {
              assertThat(found.tenant()).isEqualTo("acme");
              assertThat(found.scopes()).containsExactly(Scope.READER);
            });
    out.reset();
    assertThat(run("token", "list")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("ada", "acme", "reader", "never")
        .doesNotContain(token);
    assertThat(run("token", "add", "ada", "--tenant", "other")).isEqualTo(ExitCode.USAGE);
    assertThat(run("token", "revoke", "ada")).isZero();
    assertThat(tokens.find(token)).isEmpty();
    assertThat(run("token", "revoke", "ada")).isEqualTo(ExitCode.USAGE);
    assertThat(run("token", "add", "bob", "--tenant", "acme", "--scope", "king"))
        .isEqualTo(ExitCode.BAD_INPUT);
  }

  @Test
  void aKeyIsMadeAndListedWithoutBeingShown() throws IOException {
    assertThat(run("key", "add", "first")).isZero();
    assertThat(run("key", "add", "acmes", "--tenant", "acme")).isZero();
    assertThat(run("key", "add", "acmes", "--tenant", "acme")).isEqualTo(ExitCode.BAD_INPUT);
    assertThat(run("key", "list")).isZero();
    String printed = out.toString(StandardCharsets.UTF_8);
    assertThat(printed).contains("first", "*", "acmes", "acme", "current");
    for (TenantKey key : KeyFile.read(home.resolve("keys"))) {
      assertThat(printed)
          .doesNotContain(Base64.getEncoder().encodeToString(key.key().getEncoded()));
    }
  }
}
