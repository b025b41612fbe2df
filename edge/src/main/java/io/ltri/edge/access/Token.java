package io.ltri.edge.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a token: not the token itself, from which anybody could act, but its SHA-256. A
 * token has 256 random bits, so that nothing slower than a plain hash is needed.
 *
 * @param name unique in its file; for people
 * @param sha256 of the token's UTF-8 bytes, hexadecimal
 * @param tenant whose documents it opens; {@link #ANY_TENANT}: everybody's
 * @param expires null: never
 */
public record Token(
    String name, String sha256, String tenant, Set<Scope> scopes, @Nullable Instant expires) {

  /** In the place of a tenant: may name any. */
  public static final String ANY_TENANT = "*";

  private static final String PREFIX = "ltri_";
  private static final int BYTES = 32;

  public Token {
    if (!name.matches("[A-Za-z0-9._-]{1,64}")) {
      throw new IllegalArgumentException(
          "'" + name + "' is no name for a token: 1 to 64 letters, digits, '.', '_' or '-'");
    }
    if (!sha256.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException("token " + name + ": sha256 is not 64 hexadecimal digits");
    }
    if (tenant.length() > 128 || tenant.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "token " + name + ": a tenant is at most 128 characters, none of them a control");
    }
    if (scopes.isEmpty()) {
      throw new IllegalArgumentException(
          "token " + name + " has no scope: reader, writer or admin");
    }
    scopes = Set.copyOf(scopes);
  }

  /** A new token, to be shown once. */
  public static String random() {
    byte[] bytes = new byte[BYTES];
    new SecureRandom().nextBytes(bytes);
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  public static String sha256(String token) {
    return HexFormat.of().formatHex(digest(token));
  }

  static byte[] digest(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  boolean expired(Instant now) {
    return expires != null && !now.isBefore(expires);
  }
}
