package io.ltri.testing;

import io.ltri.edge.access.Scope;
import io.ltri.edge.access.Token;
import io.ltri.edge.access.TokenFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A file of tokens in a folder of its own. */
final class TestTokens {
  final Path file;

  TestTokens() {
    try {
      file = Files.createTempDirectory("ltri-tokens-").resolve("tokens");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A new token; it has expired if that is wanted. */
  String add(String name, String tenant, Scope scope, boolean expired) {
    String secret = Token.random();
    try {
      TokenFile.change(
          file,
          before -> {
            List<Token> all = new ArrayList<>(before);
            all.add(
                new Token(
                    name,
                    Token.sha256(secret),
                    tenant,
                    Set.of(scope),
                    expired ? Instant.now().minusSeconds(1) : null));
            return all;
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return secret;
  }

  /** A file that holds one token. */
  Path fileOf(String token) {
    try {
      return Files.writeString(file.resolveSibling("secret-" + System.nanoTime()), token + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
