package io.ltri.evaluation.text;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** As much of the tar format (POSIX ustar) as it takes to find one file by its name. */
final class TarFile {
  private static final int BLOCK = 512;
  private static final int MOST = 1 << 28;

  private TarFile() {}

  /** The contents of a member, named without a leading {@code ./}; null if the archive has none. */
  static byte @Nullable [] member(InputStream tar, String name) throws IOException {
    while (true) {
      byte[] header = tar.readNBytes(BLOCK);
      if (header.length < BLOCK || header[0] == 0) {
        return null;
      }
      String found = text(header, 0, 100);
      String prefix = text(header, 345, 155);
      if (!prefix.isEmpty()) {
        found = prefix + "/" + found;
      }
      String octal = text(header, 124, 12).strip();
      long size = octal.isEmpty() ? 0 : Long.parseLong(octal, 8);
      if (found.equals(name) || found.equals("./" + name)) {
        if (size > MOST) {
          throw new IOException(name + " has " + size + " bytes, more than is to be believed");
        }
        byte[] contents = tar.readNBytes((int) size);
        if (contents.length < size) {
          throw new EOFException("the archive ends inside " + name);
        }
        return contents;
      }
      tar.skipNBytes((size + BLOCK - 1) / BLOCK * BLOCK);
    }
  }

  private static String text(byte[] header, int from, int length) {
    int end = from;
    while (end < from + length && header[end] != 0) {
      end++;
    }
    return new String(header, from, end - from, StandardCharsets.ISO_8859_1);
  }
}
