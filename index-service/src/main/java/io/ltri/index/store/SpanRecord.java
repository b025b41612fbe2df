package io.ltri.index.store;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A record of a span table: fixed size, so that the table can be read in place.
 *
 * <pre>
 *  0 int   start          16 int  first vector      32 int CRC-32C of the keys
 *  4 int   end            20 int  vectors           36 int CRC-32C of the values
 *  8 float score          24 long offset of block   40 (8 bytes, zero)
 * 12 float confidence
 * </pre>
 *
 * @param firstVector ordinal of its first summary vector within the layer
 * @param blockOffset where its block begins in the block file of its layer range
 */
public record SpanRecord(
    int start,
    int end,
    float score,
    float confidence,
    int firstVector,
    int vectors,
    long blockOffset,
    int keysChecksum,
    int valuesChecksum) {

  static final int BYTES = 48;

  static final int START = 0;
  static final int END = 4;
  static final int FIRST_VECTOR = 16;
  static final int VECTORS = 20;

  static SpanRecord read(MemorySegment table, long at) {
    return new SpanRecord(
        table.get(Bytes.INT, at + START),
        table.get(Bytes.INT, at + END),
        table.get(Bytes.FLOAT, at + 8),
        table.get(Bytes.FLOAT, at + 12),
        table.get(Bytes.INT, at + FIRST_VECTOR),
        table.get(Bytes.INT, at + VECTORS),
        table.get(Bytes.LONG, at + 24),
        table.get(Bytes.INT, at + 32),
        table.get(Bytes.INT, at + 36));
  }

  /** The buffer is little-endian. */
  void write(ByteBuffer to) {
    to.putInt(start).putInt(end).putFloat(score).putFloat(confidence);
    to.putInt(firstVector).putInt(vectors).putLong(blockOffset);
    to.putInt(keysChecksum).putInt(valuesChecksum).putLong(0);
  }

  public int tokens() {
    return end - start;
  }
}
