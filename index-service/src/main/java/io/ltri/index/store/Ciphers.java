package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import io.ltri.index.cipher.Encryption;
import io.ltri.index.cipher.NamedKey;
import io.ltri.index.cipher.TenantKeys;
import javax.crypto.AEADBadTagException;
import org.jspecify.annotations.Nullable;

/** The ciphers of documents, by the keys that there are at the moment. */
final class Ciphers {

  private Ciphers() {}

  /** For a new document; null when its tenant has no key. */
  static @Nullable DocumentCipher begin(TenantKeys keys, String tenant, String id) {
    NamedKey key = keys.current(tenant);
    return key == null ? null : DocumentCipher.create(key, id);
  }

  /**
   * Of a document that is there.
   *
   * @param encryption null: none, and so is its cipher
   * @throws WrongStateException when its key is not there
   * @throws DataLossException when the key of that name is another one
   */
  static @Nullable DocumentCipher open(
      TenantKeys keys, @Nullable Encryption encryption, Origin origin, String id) {
    if (encryption == null) {
      return null;
    }
    NamedKey key = keys.find(encryption.keyId(), origin.tenant());
    if (key == null) {
      throw new WrongStateException(
          "document %s is encrypted with key '%s', which is not among the keys for tenant '%s': put it back into the file that LTRI_INDEX_KEYS names, or delete the document"
              .formatted(id, encryption.keyId(), origin.tenant()));
    }
    if (!encryption.algorithm().equals(Encryption.ALGORITHM)) {
      throw new WrongStateException(
          "document %s is encrypted with %s; this service knows %s"
              .formatted(id, encryption.algorithm(), Encryption.ALGORITHM));
    }
    try {
      return DocumentCipher.open(encryption, key);
    } catch (AEADBadTagException e) {
      throw new DataLossException(
          "document %s: key '%s' does not open it: the key is not the one that it was encrypted with, or its data key was changed. Put the right key back, or delete the document"
              .formatted(id, encryption.keyId()),
          e);
    }
  }

  /** Whether its key is there, if it needs one. */
  static boolean hasKey(TenantKeys keys, @Nullable Encryption encryption, Origin origin) {
    return encryption == null || keys.find(encryption.keyId(), origin.tenant()) != null;
  }
}
