package io.ltri.index.store;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A file that is appended to and, through a mapping, read at the same time. The file is lengthened
 * in doubling steps, by zeros that take no room, so that the mapping need not follow every append;
 * {@link #trim} cuts it to its true size.
 *
 * <p>One writer; any number of readers, of bytes that the writer has published to them.
 */
final class GrowingFile implements Growing {

  private static final long FIRST_LENGTH = 1 << 16;

  private final FileLayer.WritableFile file;
  private final Arena arena;
  private long length;
  private volatile MemorySegment mapped = MemorySegment.NULL;

  GrowingFile(FileLayer files, Path path, Arena arena) throws IOException {
    this.file = files.create(path);
    this.arena = arena;
  }

  /** Goes on with a file whose first bytes are known to be good: the rest is cut off. */
  GrowingFile(FileLayer files, Path path, Arena arena, long good) throws IOException {
    this.file = files.reopen(path);
    this.arena = arena;
    boolean complete = false;
    try {
      trim(good);
      if (good > 0) {
        mapped = file.map(good, arena);
      }
      complete = true;
    } finally {
      if (!complete) {
        file.close();
      }
    }
  }

  @Override
  public void write(ByteBuffer bytes, long position) throws IOException {
    long end = position + bytes.remaining();
    if (end > length) {
      long wanted = Math.max(FIRST_LENGTH, length);
      while (wanted < end) {
        wanted *= 2;
      }
      file.resize(wanted);
      if (wanted > mapped.byteSize()) {
        mapped = file.map(wanted, arena);
      }
      length = wanted;
    }
    file.write(bytes, position);
  }

  @Override
  public MemorySegment mapped() {
    return mapped;
  }

  void trim(long size) throws IOException {
    length = size;
    file.resize(size);
  }

  void force() throws IOException {
    file.force();
  }

  @Override
  public long force(long written) throws IOException {
    file.force();
    return written;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
