package io.ltri.edge.access;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The keys of a file as it is now. While it cannot be read, those from before stay in use. */
public final class FollowedKeys {

  private static final Logger LOG = LoggerFactory.getLogger(FollowedKeys.class);

  private volatile List<TenantKey> keys = List.of();

  private FollowedKeys() {}

  /**
   * @param lookAgain how often to look whether the file has changed
   * @throws IllegalArgumentException if the file cannot be read now, saying why
   */
  public static FollowedKeys of(Path file, Duration lookAgain) {
    FollowedKeys followed = new FollowedKeys();
    try {
      FollowedFiles.follow(
          List.of(file),
          lookAgain,
          () -> {
            followed.keys = List.copyOf(KeyFile.read(file));
            LOG.info("{} keys in {}", followed.keys.size(), file);
          });
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "the key file " + file + " cannot be read (" + e + "): make it with 'ltri key add'", e);
    }
    return followed;
  }

  /** With which new documents of a tenant are encrypted: its own key, or everybody's. */
  public Optional<TenantKey> current(String tenant) {
    List<TenantKey> now = keys;
    return current(now, tenant).or(() -> current(now, Token.ANY_TENANT));
  }

  private static Optional<TenantKey> current(List<TenantKey> keys, String tenant) {
    return keys.stream().filter(key -> key.current() && key.tenant().equals(tenant)).findFirst();
  }

  /** The key of this id, if documents of the tenant may be read with it. */
  public Optional<TenantKey> find(String id, String tenant) {
    return keys.stream()
        .filter(
            key ->
                key.id().equals(id)
                    && (key.tenant().equals(tenant) || key.tenant().equals(Token.ANY_TENANT)))
        .findFirst();
  }
}
