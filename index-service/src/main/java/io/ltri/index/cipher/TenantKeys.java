package io.ltri.index.cipher;

import org.jspecify.annotations.Nullable;

/** The keys that there are at this moment. Any thread. */
public interface TenantKeys {

  /** Nothing is encrypted. */
  TenantKeys NONE =
      new TenantKeys() {
        @Override
        public @Nullable NamedKey current(String tenant) {
          return null;
        }

        @Override
        public @Nullable NamedKey find(String id, String tenant) {
          return null;
        }
      };

  /** With which new documents of the tenant are encrypted; null when they are not. */
  @Nullable NamedKey current(String tenant);

  /** The key of this name, if documents of the tenant may be read with it; else null. */
  @Nullable NamedKey find(String id, String tenant);
}
