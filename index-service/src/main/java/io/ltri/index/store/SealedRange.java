package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.zip.CRC32C;
import javax.crypto.AEADBadTagException;
import org.jspecify.annotations.Nullable;

/**
 * Span table and block file of a layer range. A part of a block is read through the channel, and
 * compared with its checksum, before it is used through the mapping for the first time: so a disk
 * that fails is an exception, and no more is read ahead than is asked for.
 */
final class SealedRange implements AutoCloseable {

  private static final int FIRST_READ = 1 << 16;

  private final Manifest manifest;
  private final LayerRange range;
  private final FileChannel channel;
  private final MemorySegment blocks;
  private final MemorySegment table;
  private final StoredParts parts;
  private final @Nullable DocumentCipher cipher;

  /** Two bits per span: keys and values were verified. */
  private final AtomicLongArray verified;

  /** Of each layer, where its bits begin. */
  private final int[] firstBit;

  /**
   * @param table verified, in plain text
   * @param cipher of the blocks; null: they are not encrypted
   */
  SealedRange(
      Manifest manifest,
      LayerRange range,
      FileChannel channel,
      MemorySegment blocks,
      MemorySegment table,
      @Nullable DocumentCipher cipher) {
    this.manifest = manifest;
    this.range = range;
    this.channel = channel;
    this.blocks = blocks;
    this.table = table;
    this.parts = manifest.parts();
    this.cipher = cipher;
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
    verify(layer, span, record, 0, "keys", () -> keysProblem(layer, span, record));
    return plain(layer, span, record, "keys", record.blockOffset() + BlockHeader.BYTES);
  }

  MemorySegment values(int layer, int span, SpanRecord record) {
    verify(layer, span, record, 1, "values", () -> valuesProblem(layer, span, record));
    return plain(layer, span, record, "values", valuesOffset(record));
  }

  /** Where it lies; of an encrypted part a plain text of its own, on the heap. */
  private MemorySegment plain(int layer, int span, SpanRecord record, String name, long offset) {
    MemorySegment stored = blocks.asSlice(offset, bytes(record));
    if (cipher == null) {
      return stored;
    }
    try {
      return MemorySegment.ofArray(
          cipher.open(
              stored.toArray(ValueLayout.JAVA_BYTE),
              StoredParts.place(range.blockFile(), layer, span, name)));
    } catch (AEADBadTagException e) {
      throw new Fault(
              range.blockFile(),
              BlockWalk.name(layer, span, record) + ": the " + name + " can not be decrypted")
          .exception(manifest.id());
    }
  }

  private long bytes(SpanRecord record) {
    return parts.bytes(record.tokens());
  }

  private long valuesOffset(SpanRecord record) {
    return BlockHeader.valuesOffset(record.blockOffset(), bytes(record));
  }

  private interface Check {

    /** What is wrong; null when nothing is. */
    @Nullable String problem() throws IOException;
  }

  /**
   * @param bit 0 for the keys, 1 for the values: which of the span's bits says that it was verified
   */
  private void verify(int layer, int span, SpanRecord record, int bit, String name, Check check) {
    int position = firstBit[layer - range.first()] + 2 * span + bit;
    long mask = 1L << (position & 63);
    if ((verified.get(position >> 6) & mask) == 0) {
      String problem = problem(name, check);
      if (problem != null) {
        throw new Fault(range.blockFile(), BlockWalk.name(layer, span, record) + ": " + problem)
            .exception(manifest.id());
      }
      verified.accumulateAndGet(position >> 6, mask, (a, b) -> a | b);
    }
  }

  private static @Nullable String problem(String name, Check check) {
    try {
      return check.problem();
    } catch (EOFException e) {
      return "the file ends before it does";
    } catch (ClosedByInterruptException e) {
      throw new StorageFailureException("the reading of a block was interrupted", e);
    } catch (IOException e) {
      return "the %s can not be read: %s".formatted(name, e);
    }
  }

  /** Header and keys in one go: two reads side by side would make the system read ahead. */
  private @Nullable String keysProblem(int layer, int span, SpanRecord record) throws IOException {
    long bytes = bytes(record);
    ByteBuffer first = ByteBuffer.allocate((int) Math.min(FIRST_READ, BlockHeader.BYTES + bytes));
    Checksums.fill(channel, first, record.blockOffset());
    if (!headerFits(first, layer, span, record)) {
      return "the header does not match";
    }
    CRC32C checksum = new CRC32C();
    int begun = first.capacity() - BlockHeader.BYTES;
    checksum.update(first.array(), BlockHeader.BYTES, begun);
    Checksums.update(checksum, channel, record.blockOffset() + first.capacity(), bytes - begun);
    return (int) checksum.getValue() == record.keysChecksum()
        ? null
        : "the checksum of the keys does not match";
  }

  private @Nullable String valuesProblem(int layer, int span, SpanRecord record)
      throws IOException {
    ByteBuffer header = ByteBuffer.allocate(BlockHeader.BYTES);
    Checksums.fill(channel, header, record.blockOffset());
    if (!headerFits(header, layer, span, record)) {
      return "the header does not match";
    }
    return Checksums.of(channel, valuesOffset(record), bytes(record)) == record.valuesChecksum()
        ? null
        : "the checksum of the values does not match";
  }

  private boolean headerFits(ByteBuffer header, int layer, int span, SpanRecord record) {
    return BlockHeader.of(layer, span, record, parts)
        .matches(MemorySegment.ofArray(header.array()), 0);
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
