package io.ltri.edge.access;

import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tokens of a file as it is now: each question looks whether the file is another one. A file
 * that cannot be read lets nobody in, for a revoked token must not live on in memory.
 */
public final class Tokens {

  private static final Logger LOG = LoggerFactory.getLogger(Tokens.class);

  private record Loaded(@Nullable FileState state, List<Entry> entries) {}

  private record Entry(Token token, byte[] digest) {}

  private final Path file;
  private final Clock clock;
  private volatile Loaded loaded = new Loaded(null, List.of());

  private Tokens(Path file, Clock clock) {
    this.file = file;
    this.clock = clock;
  }

  /**
   * @throws IllegalArgumentException if the file cannot be read now, saying why
   */
  public static Tokens of(Path file, Clock clock) {
    Tokens tokens = new Tokens(file, clock);
    try {
      tokens.load();
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "the token file " + file + " cannot be read (" + e + "): make it with 'ltri token add'",
          e);
    }
    return tokens;
  }

  /**
   * The entry of a token, unless it is unknown or has expired. Compares with every entry to its
   * last byte, so that the time it takes says nothing.
   */
  public Optional<Token> find(String token) {
    byte[] presented = Token.digest(token);
    Token found = null;
    for (Entry entry : now().entries()) {
      if (MessageDigest.isEqual(entry.digest(), presented)) {
        found = entry.token();
      }
    }
    return Optional.ofNullable(found).filter(entry -> !entry.expired(clock.instant()));
  }

  private Loaded now() {
    try {
      if (!FileState.of(file).equals(loaded.state())) {
        load();
      }
    } catch (IOException | IllegalArgumentException e) {
      if (loaded.state() != null || !loaded.entries().isEmpty()) {
        LOG.error("nobody is let in until the token file can be read: {}", e.toString());
        loaded = new Loaded(null, List.of());
      }
    }
    return loaded;
  }

  private synchronized void load() throws IOException {
    FileState state = FileState.of(file);
    if (state.equals(loaded.state())) {
      return;
    }
    List<Entry> entries =
        TokenFile.read(file).stream()
            .map(token -> new Entry(token, HexFormat.of().parseHex(token.sha256())))
            .toList();
    boolean first = loaded.state() == null;
    // The state from before reading: a change in between is seen at the next question.
    loaded = new Loaded(state, entries);
    LOG.info("{} tokens {} {}", entries.size(), first ? "in" : "now in", file);
  }
}
