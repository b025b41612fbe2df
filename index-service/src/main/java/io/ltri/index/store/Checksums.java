package io.ltri.index.store;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;

/** CRC-32C of mapped memory, and of parts of files. */
final class Checksums {

  /** A byte buffer can not be longer than this. */
  private static final long PART = 1 << 30;

  /** Bytes that are read at once. */
  private static final int READ = 1 << 16;

  private Checksums() {}

  static int of(MemorySegment bytes) {
    CRC32C checksum = new CRC32C();
    for (long at = 0; at < bytes.byteSize(); at += PART) {
      checksum.update(bytes.asSlice(at, Math.min(PART, bytes.byteSize() - at)).asByteBuffer());
    }
    return (int) checksum.getValue();
  }

  /**
   * Of a part of a file, read and not mapped: a disk that fails is an exception then.
   *
   * @throws EOFException when the file ends before
   */
  static int of(FileChannel file, long offset, long bytes) throws IOException {
    CRC32C checksum = new CRC32C();
    update(checksum, file, offset, bytes);
    return (int) checksum.getValue();
  }

  /** Goes on with a part of a file. */
  static void update(CRC32C checksum, FileChannel file, long offset, long bytes)
      throws IOException {
    ByteBuffer piece = ByteBuffer.allocate((int) Math.min(READ, bytes));
    for (long done = 0; done < bytes; done += piece.limit()) {
      piece.clear().limit((int) Math.min(READ, bytes - done));
      fill(file, piece, offset + done);
      checksum.update(piece.flip());
    }
  }

  /**
   * Fills the buffer up to its limit.
   *
   * @throws EOFException when the file ends before
   */
  static void fill(FileChannel file, ByteBuffer buffer, long offset) throws IOException {
    long at = offset;
    while (buffer.hasRemaining()) {
      int bytes = file.read(buffer, at);
      if (bytes < 0) {
        throw new EOFException("the file ends at byte " + at);
      }
      at += bytes;
    }
  }
}
