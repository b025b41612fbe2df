package io.ltri.index;

import io.ltri.edge.access.FollowedKeys;
import io.ltri.edge.access.TenantKey;
import io.ltri.index.cipher.NamedKey;
import io.ltri.index.cipher.TenantKeys;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The keys of the file that a setting names, as the store wants them. */
record KeysOfFile(FollowedKeys file) implements TenantKeys {

  static TenantKeys of(IndexSettings settings) {
    return settings.keys() == null
        ? TenantKeys.NONE
        : new KeysOfFile(FollowedKeys.of(settings.keys(), settings.access().reloadInterval()));
  }

  @Override
  public @Nullable NamedKey current(String tenant) {
    return named(file.current(tenant));
  }

  @Override
  public @Nullable NamedKey find(String id, String tenant) {
    return named(file.find(id, tenant));
  }

  private static @Nullable NamedKey named(Optional<TenantKey> key) {
    return key.map(found -> new NamedKey(found.id(), found.key())).orElse(null);
  }
}
