package io.ltri.index.store;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Gathers small pieces that follow each other in a file into few writes. One thread at a time. */
final class Staging {

  private static final int BYTES = 256 << 10;

  private final ByteBuffer buffer;
  private Growing file;
  private long position;

  Staging(Arena arena, Growing file) {
    this.buffer = arena.allocate(BYTES, 64).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    this.file = file;
  }

  /**
   * From here on, pieces go to this file, from this position on. What was left over from before is
   * dropped.
   */
  void start(Growing target, long at) {
    buffer.clear();
    file = target;
    position = at;
  }

  /** Room for a piece of this size, to be filled by the caller; it must be small. */
  ByteBuffer room(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      flush();
    }
    return buffer;
  }

  void put(ByteBuffer source) throws IOException {
    put(source, 0, source.limit());
  }

  void put(ByteBuffer source, int from, int bytes) throws IOException {
    int done = 0;
    while (done < bytes) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int part = Math.min(bytes - done, buffer.remaining());
      buffer.put(buffer.position(), source, from + done, part).position(buffer.position() + part);
      done += part;
    }
  }

  /** Zeros up to the next multiple of 64 of the file. */
  void align() throws IOException {
    long end = position + buffer.position();
    int zeros = (int) (Bytes.align(end) - end);
    ByteBuffer to = room(zeros);
    for (int i = 0; i < zeros; i++) {
      to.put((byte) 0);
    }
  }

  void flush() throws IOException {
    buffer.flip();
    int bytes = buffer.remaining();
    file.write(buffer, position);
    position += bytes;
    buffer.clear();
  }
}
