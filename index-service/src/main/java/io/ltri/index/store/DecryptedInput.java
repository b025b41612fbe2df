package io.ltri.index.store;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.MemorySegmentAccessInput;
import org.apache.lucene.store.RandomAccessInput;
import org.jspecify.annotations.Nullable;

/** A file of Lucene's in memory. Clones and slices share it and must not outlive it. */
final class DecryptedInput extends IndexInput
    implements MemorySegmentAccessInput, RandomAccessInput {

  private final MemorySegment bytes;
  private final @Nullable Arena arena;
  private long at;

  /**
   * @param arena closed with it; null: it belongs to another input
   */
  DecryptedInput(String description, MemorySegment bytes, @Nullable Arena arena) {
    super(description);
    this.bytes = bytes;
    this.arena = arena;
  }

  @Override
  public void close() {
    if (arena != null && arena.scope().isAlive()) {
      arena.close();
    }
  }

  @Override
  public DecryptedInput clone() {
    DecryptedInput clone = new DecryptedInput(toString(), bytes, null);
    clone.at = at;
    return clone;
  }

  @Override
  public DecryptedInput slice(String description, long offset, long length) {
    return new DecryptedInput(
        getFullSliceDescription(description), bytes.asSlice(offset, length), null);
  }

  @Override
  public MemorySegment segmentSliceOrNull(long offset, long length) {
    return bytes.asSlice(offset, length);
  }

  @Override
  public long length() {
    return bytes.byteSize();
  }

  @Override
  public long getFilePointer() {
    return at;
  }

  @Override
  public void seek(long position) throws IOException {
    if (position < 0 || position > length()) {
      throw new EOFException("seek beyond the end: " + this);
    }
    at = position;
  }

  private long take(long count) throws EOFException {
    if (count > length() - at) {
      throw new EOFException("read beyond the end: " + this);
    }
    long from = at;
    at += count;
    return from;
  }

  @Override
  public byte readByte() throws IOException {
    return bytes.get(ValueLayout.JAVA_BYTE, take(Byte.BYTES));
  }

  @Override
  public void readBytes(byte[] into, int offset, int count) throws IOException {
    Objects.checkFromIndexSize(offset, count, into.length);
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, take(count), into, offset, count);
  }

  @Override
  public short readShort() throws IOException {
    return readShort(take(Short.BYTES));
  }

  @Override
  public int readInt() throws IOException {
    return readInt(take(Integer.BYTES));
  }

  @Override
  public long readLong() throws IOException {
    return readLong(take(Long.BYTES));
  }

  @Override
  public void readFloats(float[] into, int offset, int count) throws IOException {
    long from = take((long) count * Float.BYTES);
    MemorySegment.copy(bytes, Bytes.FLOAT, from, into, offset, count);
  }

  @Override
  public byte readByte(long position) {
    return bytes.get(ValueLayout.JAVA_BYTE, position);
  }

  @Override
  public short readShort(long position) {
    return bytes.get(Bytes.SHORT, position);
  }

  @Override
  public int readInt(long position) {
    return bytes.get(Bytes.INT, position);
  }

  @Override
  public long readLong(long position) {
    return bytes.get(Bytes.LONG, position);
  }
}
