package io.ltri.edge.access;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * A key with which what a tenant stores is encrypted.
 *
 * @param id unique in its file; documents name it
 * @param tenant whose documents; {@link Token#ANY_TENANT}: of all that have no current key of their
 *     own
 * @param key of AES with 256 bits
 * @param current whether new documents get it; at most one key of a tenant is
 */
public record TenantKey(String id, String tenant, SecretKey key, boolean current) {

  private static final int BYTES = 32;

  public TenantKey {
    if (!id.matches("[A-Za-z0-9._-]{1,64}")) {
      throw new IllegalArgumentException(
          "'" + id + "' is no id for a key: 1 to 64 letters, digits, '.', '_' or '-'");
    }
    if (tenant.length() > 128 || tenant.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "key " + id + ": a tenant is at most 128 characters, none of them a control");
    }
  }

  /** A new one, current. */
  public static TenantKey random(String id, String tenant) {
    byte[] bytes = new byte[BYTES];
    new SecureRandom().nextBytes(bytes);
    return new TenantKey(id, tenant, new SecretKeySpec(bytes, "AES"), true);
  }

  /**
   * @param base64 of 32 bytes
   */
  static TenantKey of(String id, String tenant, String base64, boolean current) {
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      bytes = new byte[0];
    }
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("key " + id + " is not 32 bytes in Base64");
    }
    TenantKey key = new TenantKey(id, tenant, new SecretKeySpec(bytes, "AES"), current);
    Arrays.fill(bytes, (byte) 0);
    return key;
  }

  String base64() {
    return Base64.getEncoder().encodeToString(key.getEncoded());
  }

  TenantKey retired() {
    return new TenantKey(id, tenant, key, false);
  }

  @Override
  public String toString() {
    return "key " + id + " of tenant '" + tenant + "'";
  }
}
