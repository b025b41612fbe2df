package io.ltri.edge.access;

import io.ltri.fuzzing.Fuzzed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The file that {@code edge.access} reads tokens from. */
final class TokenFileFuzz implements Fuzzed {

  private final Path file;

  TokenFileFuzz() throws IOException {
    file = Files.createTempFile("fuzzed", ".jsonl");
  }

  @Override
  public List<byte[]> seeds() {
    String line =
        "{\"name\":\"ada\",\"sha256\":\"%s\",\"tenant\":\"acme\",\"scopes\":[\"writer\"],\"expires\":\"2027-01-01T00:00:00Z\"}%n"
            .formatted("ab".repeat(32));
    return List.of(
        line.getBytes(StandardCharsets.UTF_8),
        line.replace("\"writer\"", "null").getBytes(StandardCharsets.UTF_8),
        new byte[] {'{', (byte) 0xee, '}'},
        ("# people\n\n" + line + line.replace("ada", "bob").replace("writer", "admin"))
            .getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public List<String> words() {
    return List.of(
        "\"scopes\":[\"reader\",\"admin\"]",
        "\"scopes\":[[]]",
        "\"scopes\":[{}]",
        "\"scopes\":[null]",
        "\"expires\":null",
        "\"expires\":[]",
        "+1000000000-12-31T23:59:59.999999999Z",
        "\"tenant\":\"*\"",
        "\n{",
        "\n");
  }

  @Override
  public void read(byte[] input) throws IOException {
    Files.write(file, input);
    try {
      List<Token> unused = TokenFile.read(file);
    } catch (IllegalArgumentException refused) {
      if (!String.valueOf(refused.getMessage()).contains(file.toString())) {
        throw new AssertionError("no name of the file in: " + refused.getMessage(), refused);
      }
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }
}
