package io.ltri.index.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Span table and block file of a layer range. A part of a block is read through the channel, and
 * compared with its checksum, before it is used through the mapping for the first time: so a disk
 * that fails is an exception, and no more is read ahead than is asked for.
 */
final class SealedRange implements AutoCloseable {

  private static final int PIECE = 1 << 16;

  private final Manifest manifest;
  private final LayerRange range;
  private final FileChannel channel;
  private final MemorySegment blocks;
  private final MemorySegment table;

  /** Two bits per span: keys and values were verified. */
  private final AtomicLongArray verified;

  /** Of each layer, where its bits begin. */
  private final int[] firstBit;

  /**
   * @param table verified
   */
  SealedRange(
      Manifest manifest,
      LayerRange range,
      FileChannel channel,
      MemorySegment blocks,
      MemorySegment table) {
    this.manifest = manifest;
    this.range = range;
    this.channel = channel;
    this.blocks = blocks;
    this.table = table;
    this.firstBit = new int[range.count()];
    int bits = 0;
    for (int i = 0; i < range.count(); i++) {
      firstBit[i] = bits;
      bits = Math.addExact(bits, 2 * manifest.layers().get(range.first() + i).spans());
    }
    this.verified = new AtomicLongArray((bits + 63) / 64);
  }

  MemorySegment table() {
    return table;
  }

  /** Where the records of a layer begin in the table. */
  long records(int layer) {
    return SpanTable.offset(table, range, layer);
  }

  MemorySegment keys(int layer, int span, SpanRecord record) {
    return part(
        layer,
        span,
        record,
        0,
        record.blockOffset() + BlockHeader.BYTES,
        record.keysChecksum(),
        "keys");
  }

  MemorySegment values(int layer, int span, SpanRecord record) {
    long keyBytes = manifest.layout().partBytes(record.tokens());
    return part(
        layer,
        span,
        record,
        1,
        BlockHeader.valuesOffset(record.blockOffset(), keyBytes),
        record.valuesChecksum(),
        "values");
  }

  /**
   * @param bit 0 for the keys, 1 for the values: which of the span's bits says that it was verified
   */
  private MemorySegment part(
      int layer, int span, SpanRecord record, int bit, long offset, int checksum, String name) {
    long bytes = manifest.layout().partBytes(record.tokens());
    int position = firstBit[layer - range.first()] + 2 * span + bit;
    long mask = 1L << (position & 63);
    if ((verified.get(position >> 6) & mask) == 0) {
      String problem = problem(layer, span, record, offset, bytes, checksum, name);
      if (problem != null) {
        throw new Fault(range.blockFile(), BlockWalk.name(layer, span, record) + ": " + problem)
            .exception(manifest.id());
      }
      verified.accumulateAndGet(position >> 6, mask, (a, b) -> a | b);
    }
    return blocks.asSlice(offset, bytes);
  }

  private @Nullable String problem(
      int layer, int span, SpanRecord record, long offset, long bytes, int checksum, String name) {
    try {
      ByteBuffer header = ByteBuffer.allocate(BlockHeader.BYTES);
      if (!fill(header, record.blockOffset())
          || !BlockHeader.of(layer, span, record, manifest.layout())
              .matches(MemorySegment.ofArray(header.array()), 0)) {
        return "the header does not match";
      }
      CRC32C sum = new CRC32C();
      ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, bytes));
      for (long done = 0; done < bytes; done += piece.limit()) {
        piece.clear().limit((int) Math.min(piece.capacity(), bytes - done));
        if (!fill(piece, offset + done)) {
          return "the file ends before it does";
        }
        sum.update(piece.flip());
      }
      return (int) sum.getValue() == checksum
          ? null
          : "the checksum of the " + name + " does not match";
    } catch (ClosedByInterruptException e) {
      throw new StorageFailureException("the reading of a block was interrupted", e);
    } catch (IOException e) {
      return "the %s can not be read: %s".formatted(name, e);
    }
  }

  /** Fills the buffer up to its limit; false when the file ends before. */
  private boolean fill(ByteBuffer buffer, long offset) throws IOException {
    long at = offset;
    while (buffer.hasRemaining()) {
      int bytes = channel.read(buffer, at);
      if (bytes < 0) {
        return false;
      }
      at += bytes;
    }
    return true;
  }

  /** What was verified is verified again when it is next read. */
  void distrust() {
    for (int i = 0; i < verified.length(); i++) {
      verified.set(i, 0);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
