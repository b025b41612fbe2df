package io.ltri.index.store;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads a file once from beginning to end, in large pieces, with checksums over all of it. Files
 * are read and not mapped where nothing is known of them yet: a disk that fails is then an
 * exception, and a file that became shorter is too; both would end the process if the bytes were
 * mapped.
 */
final class FileReading implements AutoCloseable {

  private static final int PIECE = 1 << 18;

  private final FileChannel channel;
  private final long size;
  private final LongConsumer progress;
  private final CRC32C checksum = new CRC32C();
  private final @Nullable MessageDigest digest;
  private final byte[] piece = new byte[PIECE];
  private final ByteBuffer buffer = ByteBuffer.wrap(piece).limit(0);
  private long read;

  private FileReading(Path file, @Nullable MessageDigest digest, LongConsumer progress)
      throws IOException {
    this.channel = FileChannel.open(file, StandardOpenOption.READ);
    this.digest = digest;
    this.progress = progress;
    this.size = channel.size();
  }

  /** With a CRC-32C alone. */
  static FileReading checked(Path file) throws IOException {
    return new FileReading(file, null, bytes -> {});
  }

  /**
   * With a CRC-32C and a SHA-256.
   *
   * @param progress is told how many bytes each piece has
   */
  static FileReading digested(Path file, LongConsumer progress) throws IOException {
    return new FileReading(file, sha256(), progress);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Bytes that the file had when it was opened. */
  long size() {
    return size;
  }

  /** Of the next byte. */
  long position() {
    return read - buffer.remaining();
  }

  /**
   * The next bytes, at least one and at most so many; valid until the next call.
   *
   * @throws EOFException when there are none
   */
  ByteBuffer next(long atMost) throws IOException {
    if (!buffer.hasRemaining()) {
      buffer.clear();
      int bytes = channel.read(buffer, read);
      buffer.flip();
      if (bytes <= 0) {
        buffer.limit(0);
        throw new EOFException("the file ends at byte " + read);
      }
      read += bytes;
      checksum.update(piece, 0, bytes);
      if (digest != null) {
        digest.update(piece, 0, bytes);
      }
      progress.accept(bytes);
    }
    int bytes = (int) Math.min(atMost, buffer.remaining());
    ByteBuffer next = buffer.slice(buffer.position(), bytes);
    buffer.position(buffer.position() + bytes);
    return next;
  }

  /** Goes on by so many bytes. */
  void pass(long bytes) throws IOException {
    for (long left = bytes; left > 0; ) {
      left -= next(left).remaining();
    }
  }

  /** Goes on by so many bytes; returns their CRC-32C. */
  int checksum(long bytes) throws IOException {
    CRC32C part = new CRC32C();
    for (long left = bytes; left > 0; ) {
      ByteBuffer next = next(left);
      left -= next.remaining();
      part.update(next);
    }
    return (int) part.getValue();
  }

  /** Fills the array. */
  void fill(byte[] bytes) throws IOException {
    for (int at = 0; at < bytes.length; ) {
      ByteBuffer next = next(bytes.length - at);
      int length = next.remaining();
      next.get(bytes, at, length);
      at += length;
    }
  }

  /** Goes on to the end of the file as it was when it was opened. */
  void passRest() throws IOException {
    pass(size - position());
  }

  /** CRC-32C of the whole file, once it was read to its end. */
  int checksum() {
    return (int) checksum.getValue();
  }

  /** SHA-256 of the whole file, in hexadecimal digits, once it was read to its end; ask once. */
  String digest() {
    if (digest == null) {
      throw new IllegalStateException("this reading has no digest");
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
