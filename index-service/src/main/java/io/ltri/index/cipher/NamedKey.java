package io.ltri.index.cipher;

import javax.crypto.SecretKey;

/**
 * A tenant's key.
 *
 * @param id under which manifests name it
 * @param key of AES with 256 bits
 */
public record NamedKey(String id, SecretKey key) {

  @Override
  public String toString() {
    return "key " + id;
  }
}
