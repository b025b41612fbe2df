package io.ltri.index.store;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Memory outside the heap that is written to and, at the same time, read. */
final class GrowingMemory implements Growing {

  private static final long FIRST_LENGTH = 1 << 16;

  private final Arena arena;
  private volatile MemorySegment memory = MemorySegment.NULL;

  GrowingMemory(Arena arena) {
    this.arena = arena;
  }

  /** Memory that is outgrown stays until the arena is closed, for the sake of its readers. */
  @Override
  public void write(ByteBuffer bytes, long position) {
    long needed = position + bytes.remaining();
    MemorySegment into = memory;
    if (needed > into.byteSize()) {
      long length = Math.max(FIRST_LENGTH, into.byteSize());
      while (length < needed) {
        length *= 2;
      }
      MemorySegment larger = arena.allocate(length, 64);
      MemorySegment.copy(into, 0, larger, 0, into.byteSize());
      into = larger;
    }
    MemorySegment.copy(MemorySegment.ofBuffer(bytes), 0, into, position, bytes.remaining());
    bytes.position(bytes.limit());
    memory = into;
  }

  @Override
  public MemorySegment mapped() {
    return memory;
  }

  @Override
  public long force(long written) {
    return written;
  }

  @Override
  public void close() {}
}
