package io.ltri.index.store;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** A file written from beginning to end, with a checksum over all of it. */
final class SequentialFile extends OutputStream {

  private final FileLayer.WritableFile file;
  private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
  private final CRC32C checksum = new CRC32C();
  private long flushed;

  SequentialFile(FileLayer files, Path path) throws IOException {
    this.file = files.create(path);
  }

  long position() {
    return flushed + buffer.position();
  }

  /** Room for this many bytes, at most 64 KiB, to be filled by the caller. */
  ByteBuffer room(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      flush();
    }
    return buffer;
  }

  void put(ByteBuffer source) throws IOException {
    ByteBuffer from = source.duplicate();
    while (from.hasRemaining()) {
      ByteBuffer to = room(1);
      int part = Math.min(from.remaining(), to.remaining());
      to.put(to.position(), from, from.position(), part).position(to.position() + part);
      from.position(from.position() + part);
    }
  }

  @Override
  public void write(int value) throws IOException {
    room(1).put((byte) value);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    put(ByteBuffer.wrap(bytes, offset, length));
  }

  @Override
  public void flush() throws IOException {
    buffer.flip();
    checksum.update(buffer.duplicate());
    int bytes = buffer.remaining();
    file.write(buffer, flushed);
    flushed += bytes;
    buffer.clear();
  }

  /**
   * Writes what is left and forces the file; afterwards size and checksum are those of the whole
   * file.
   */
  void force() throws IOException {
    flush();
    file.force();
  }

  int checksum() {
    return (int) checksum.getValue();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
