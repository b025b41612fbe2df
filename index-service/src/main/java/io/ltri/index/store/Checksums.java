package io.ltri.index.store;

import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/** CRC-32C of mapped memory. */
final class Checksums {

  /** A byte buffer can not be longer than this. */
  private static final long PART = 1 << 30;

  private Checksums() {}

  static int of(MemorySegment bytes) {
    CRC32C checksum = new CRC32C();
    for (long at = 0; at < bytes.byteSize(); at += PART) {
      checksum.update(bytes.asSlice(at, Math.min(PART, bytes.byteSize() - at)).asByteBuffer());
    }
    return (int) checksum.getValue();
  }
}
