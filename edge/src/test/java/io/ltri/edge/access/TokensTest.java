package io.ltri.edge.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokensTest {
  private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

  @TempDir Path folder;

  private Path file() {
    return folder.resolve("tokens");
  }

  private String add(String name, Scope scope, Instant expires) throws IOException {
    String secret = Token.random();
    TokenFile.change(
        file(),
        before -> {
          List<Token> all = new ArrayList<>(before);
          all.add(new Token(name, Token.sha256(secret), "acme", Set.of(scope), expires));
          return all;
        });
    return secret;
  }

  private Gate gate() {
    return new Gate(
        Map.of("read", Gate.Rule.READER, "write", Gate.Rule.WRITER, "ping", Gate.Rule.ANYBODY),
        Tokens.of(file(), CLOCK));
  }

  @Test
  void aTokenOpensWhatItsScopeIncludesAndNothingElse() throws IOException {
    String reader = "Bearer " + add("r", Scope.READER, null);
    String admin = "bearer  " + add("a", Scope.ADMIN, null);
    Gate gate = gate();
    assertThat(gate.decide("read", reader)).isInstanceOf(Gate.Decision.Allowed.class);
    assertThat(gate.decide("write", reader)).isInstanceOf(Gate.Decision.NotAllowed.class);
    assertThat(gate.decide("write", admin)).isInstanceOf(Gate.Decision.Allowed.class);
    assertThat(gate.decide("unknown", admin)).isInstanceOf(Gate.Decision.NotAllowed.class);
    assertThat(gate.decide("ping", null)).isInstanceOf(Gate.Decision.Allowed.class);
    for (String wrong : new String[] {null, "", "Bearer ", "Bearer x", "Basic abc", reader + "x"}) {
      assertThat(gate.decide("read", wrong))
          .as("%s", wrong)
          .isInstanceOf(Gate.Decision.NoCredential.class);
    }
  }

  @Test
  void withoutATokenFileEverythingInTheTableIsOpenAndNothingElse() {
    Gate gate = new Gate(Map.of("write", Gate.Rule.WRITER), null);
    assertThat(gate.decide("write", null)).isEqualTo(new Gate.Decision.Allowed(Grant.OPEN));
    assertThat(gate.decide("other", null)).isInstanceOf(Gate.Decision.NotAllowed.class);
  }

  @Test
  void aTokenEndsAtItsEnd() throws IOException {
    String over = add("over", Scope.READER, NOW);
    String valid = add("valid", Scope.READER, NOW.plusSeconds(1));
    Tokens tokens = Tokens.of(file(), CLOCK);
    assertThat(tokens.find(over)).isEmpty();
    assertThat(tokens.find(valid)).isPresent();
  }

  @Test
  void aRevokedTokenIsUnknownAtTheNextCallAndANewOneKnown() throws IOException {
    String first = add("first", Scope.READER, null);
    Tokens tokens = Tokens.of(file(), CLOCK);
    assertThat(tokens.find(first)).isPresent();
    TokenFile.change(file(), before -> List.of());
    assertThat(tokens.find(first)).isEmpty();
    String second = add("second", Scope.READER, null);
    assertThat(tokens.find(second)).isPresent();
  }

  @Test
  void aFileThatIsGoneOrCannotBeReadLetsNobodyIn() throws IOException {
    String token = add("first", Scope.READER, null);
    Tokens tokens = Tokens.of(file(), CLOCK);
    String sound = Files.readString(file());
    Files.writeString(file(), "nonsense");
    assertThat(tokens.find(token)).isEmpty();
    Files.writeString(file(), sound);
    assertThat(tokens.find(token)).isPresent();
    Files.delete(file());
    assertThat(tokens.find(token)).isEmpty();
    assertThatThrownBy(() -> Tokens.of(file(), CLOCK)).hasMessageContaining("ltri token add");
  }

  @Test
  void theFileHoldsNoTokenAndOnlyItsOwnerReadsIt() throws IOException {
    String token = add("first", Scope.READER, null);
    assertThat(Files.readString(file())).doesNotContain(token).contains(Token.sha256(token));
    assertThat(Files.getPosixFilePermissions(file())).hasSize(2);
    assertThat(Tokens.of(file(), CLOCK).toString()).doesNotContain(token);
  }

  @Test
  void aWrongLineIsNamedAndNotQuoted() throws IOException {
    Files.writeString(file(), "# a comment\n{\"name\":\"x\",\"sha256\":\"secret\"}\n");
    assertThatThrownBy(() -> TokenFile.read(file()))
        .hasMessageContaining("line 2")
        .hasMessageNotContaining("secret");
  }

  @Test
  void beyondThisMachineItListensWithTlsAndCredentialsOrWhereTheFlagSaysSo() throws IOException {
    InetAddress all = InetAddress.getByName("0.0.0.0");
    ListenRule.require("X_", InetAddress.getLoopbackAddress(), false, false, false);
    ListenRule.require("X_", all, true, true, false);
    ListenRule.require("X_", all, false, false, true);
    for (boolean tls : new boolean[] {true, false}) {
      assertThatThrownBy(() -> ListenRule.require("X_", all, tls, !tls, false))
          .hasMessageContaining("X_ACCESS_INSECURE=true");
    }
  }
}
