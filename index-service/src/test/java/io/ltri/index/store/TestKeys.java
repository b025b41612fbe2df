package io.ltri.index.store;

import io.ltri.index.cipher.NamedKey;
import io.ltri.index.cipher.TenantKeys;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** Keys that come and go. Those of one number are the same in every process. */
public final class TestKeys implements TenantKeys {

  private record Of(String tenant, NamedKey key) {}

  private final Map<String, Of> keys = new ConcurrentHashMap<>();
  private final Map<String, String> current = new ConcurrentHashMap<>();

  /** One key for all tenants. */
  public static TestKeys everybodys() {
    return new TestKeys().add("k1", "*", 1);
  }

  static TenantKeys everybodysIf(boolean encrypted) {
    return encrypted ? everybodys() : NONE;
  }

  /** New documents of the tenant get it. */
  TestKeys add(String id, String tenant, long number) {
    byte[] bytes = new byte[32];
    new Random(number).nextBytes(bytes);
    keys.put(id, new Of(tenant, new NamedKey(id, new SecretKeySpec(bytes, "AES"))));
    current.put(tenant, id);
    return this;
  }

  TestKeys remove(String id) {
    keys.remove(id);
    current.values().removeIf(id::equals);
    return this;
  }

  @Override
  public @Nullable NamedKey current(String tenant) {
    String id = current.getOrDefault(tenant, current.get("*"));
    return id == null ? null : find(id, tenant);
  }

  @Override
  public @Nullable NamedKey find(String id, String tenant) {
    Of found = keys.get(id);
    return found != null && (found.tenant.equals("*") || found.tenant.equals(tenant))
        ? found.key
        : null;
  }
}
