package io.ltri.index.blob;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/** Digests of files: SHA-256 says what they should be, MD5 whether they arrived so. */
final class Digests {

  private static final int BUFFER = 1 << 18;

  private Digests() {}

  static MessageDigest sha256() {
    return digest("SHA-256");
  }

  static MessageDigest md5() {
    return digest("MD5");
  }

  /** As S3 wants it in the header {@code Content-MD5}. */
  static String contentMd5(byte[] bytes) {
    return Base64.getEncoder().encodeToString(md5().digest(bytes));
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static void require(String key, Path file, String expected, MessageDigest read) {
    if (!HexFormat.of().formatHex(read.digest()).equals(expected)) {
      throw new BlobException(
          BlobException.Reason.DAMAGED,
          "%s is damaged and was not put as %s: its SHA-256 is not %s"
              .formatted(file, key, expected));
    }
  }

  /** Reads the whole file, which must be as expected, and gives the MD5 of each of its parts. */
  static List<String> requireAndDigest(String key, Path file, String expected, long partBytes)
      throws IOException {
    MessageDigest whole = sha256();
    MessageDigest part = md5();
    List<String> parts = new ArrayList<>();
    byte[] buffer = new byte[BUFFER];
    long left = partBytes;
    try (InputStream in = Files.newInputStream(file)) {
      int bytes = in.read(buffer, 0, (int) Math.min(buffer.length, left));
      while (bytes >= 0) {
        whole.update(buffer, 0, bytes);
        part.update(buffer, 0, bytes);
        left -= bytes;
        if (left == 0) {
          parts.add(Base64.getEncoder().encodeToString(part.digest()));
          left = partBytes;
        }
        bytes = in.read(buffer, 0, (int) Math.min(buffer.length, left));
      }
    }
    if (left < partBytes || parts.isEmpty()) {
      parts.add(Base64.getEncoder().encodeToString(part.digest()));
    }
    require(key, file, expected, whole);
    return parts;
  }
}
