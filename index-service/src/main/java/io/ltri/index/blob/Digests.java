package io.ltri.index.blob;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of files. */
final class Digests {

  private static final int BUFFER = 1 << 18;

  private Digests() {}

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
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

  /** Reads the whole file. */
  static void require(String key, Path file, String expected) throws IOException {
    MessageDigest digest = sha256();
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = Files.newInputStream(file)) {
      for (int bytes = in.read(buffer); bytes >= 0; bytes = in.read(buffer)) {
        digest.update(buffer, 0, bytes);
      }
    }
    require(key, file, expected, digest);
  }
}
