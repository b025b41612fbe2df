package io.ltri.index.store;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Stands before the keys of each block, so that a block file can be understood without its span
 * table. 64 bytes; the keys follow it, then, at the next multiple of 64, the values.
 *
 * <pre>
 *  0 int magic      12 int start     20 int 0            40 int CRC-32C of the keys
 *  4 int layer      16 int end       24 long key bytes   44 int CRC-32C of the values
 *  8 int span                        32 long value bytes 48 (16 bytes, zero)
 * </pre>
 */
record BlockHeader(
    int layer,
    int span,
    int start,
    int end,
    long keyBytes,
    long valueBytes,
    int keysChecksum,
    int valuesChecksum) {

  static final int BYTES = 64;

  /** "LBLK", as it reads in the file. */
  private static final int MAGIC = 0x4b4c424c;

  static BlockHeader of(int layer, int span, SpanRecord record, StoredParts parts) {
    long part = parts.bytes(record.tokens());
    return new BlockHeader(
        layer,
        span,
        record.start(),
        record.end(),
        part,
        part,
        record.keysChecksum(),
        record.valuesChecksum());
  }

  void write(ByteBuffer to) {
    to.putInt(MAGIC).putInt(layer).putInt(span).putInt(start).putInt(end).putInt(0);
    to.putLong(keyBytes).putLong(valueBytes).putInt(keysChecksum).putInt(valuesChecksum);
    to.putLong(0).putLong(0);
  }

  /** Whether the header at this place says the same. */
  boolean matches(MemorySegment blocks, long at) {
    return blocks.get(Bytes.INT, at) == MAGIC
        && blocks.get(Bytes.INT, at + 4) == layer
        && blocks.get(Bytes.INT, at + 8) == span
        && blocks.get(Bytes.INT, at + 12) == start
        && blocks.get(Bytes.INT, at + 16) == end
        && blocks.get(Bytes.INT, at + 20) == 0
        && blocks.get(Bytes.LONG, at + 24) == keyBytes
        && blocks.get(Bytes.LONG, at + 32) == valueBytes
        && blocks.get(Bytes.INT, at + 40) == keysChecksum
        && blocks.get(Bytes.INT, at + 44) == valuesChecksum
        && blocks.get(Bytes.LONG, at + 48) == 0
        && blocks.get(Bytes.LONG, at + 56) == 0;
  }

  static long valuesOffset(long blockOffset, long keyBytes) {
    return Bytes.align(blockOffset + BYTES + keyBytes);
  }

  static long blockEnd(long blockOffset, long keyBytes, long valueBytes) {
    return Bytes.align(valuesOffset(blockOffset, keyBytes) + valueBytes);
  }
}
