package io.ltri.index.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The span table of a layer range, as sealed: the records of each layer side by side, read in
 * place.
 *
 * <pre>
 *  0 long magic       16 int layers          24 (40 bytes, zero)
 *  8 int  version     20 int record bytes    64 per layer: long offset of its records, int spans, int vectors
 * 12 int  first layer                           then the records
 * </pre>
 */
final class SpanTable {

  /** "LTRISPAN", as it reads in the file. */
  private static final long MAGIC = 0x4e415053_4952544cL;

  private static final int VERSION = 1;
  private static final int HEADER_BYTES = 64;
  private static final int ENTRY_BYTES = 16;

  private SpanTable() {}

  /** Writes the table and forces it to the disk; returns its name. */
  static String write(FileLayer files, Path folder, LayerRange range, OpenDocument document)
      throws IOException {
    try (SequentialFile out = new SequentialFile(files, folder.resolve(range.spanTable()))) {
      ByteBuffer header = out.room(HEADER_BYTES);
      header.putLong(MAGIC).putInt(VERSION).putInt(range.first());
      header.putInt(range.count()).putInt(SpanRecord.BYTES);
      header.put(new byte[HEADER_BYTES - 24]);
      long offset = HEADER_BYTES + (long) range.count() * ENTRY_BYTES;
      for (int i = 0; i < range.count(); i++) {
        LayerView layer = document.layer(range.first() + i);
        out.room(ENTRY_BYTES).putLong(offset).putInt(layer.spanCount()).putInt(layer.vectorCount());
        offset += (long) layer.spanCount() * SpanRecord.BYTES;
      }
      for (int i = 0; i < range.count(); i++) {
        LayerView layer = document.layer(range.first() + i);
        for (int span = 0; span < layer.spanCount(); span++) {
          layer.record(span).write(out.room(SpanRecord.BYTES));
        }
      }
      out.force();
      return range.spanTable();
    }
  }

  /** Where the records of a layer begin. The caller has verified the table's checksum. */
  static long offset(MemorySegment table, LayerRange range, int layer) {
    return table.get(Bytes.LONG, entry(range, layer));
  }

  static int spans(MemorySegment table, LayerRange range, int layer) {
    return table.get(Bytes.INT, entry(range, layer) + 8);
  }

  static int vectors(MemorySegment table, LayerRange range, int layer) {
    return table.get(Bytes.INT, entry(range, layer) + 12);
  }

  private static long entry(LayerRange range, int layer) {
    return HEADER_BYTES + (long) (layer - range.first()) * ENTRY_BYTES;
  }

  /** Null when the header is as it should be, else what is wrong. */
  static @org.jspecify.annotations.Nullable String problem(MemorySegment table, LayerRange range) {
    if (table.byteSize() < HEADER_BYTES || table.get(Bytes.LONG, 0) != MAGIC) {
      return "it is not a span table";
    }
    if (table.get(Bytes.INT, 8) != VERSION) {
      return "it has version %d; this service reads version %d"
          .formatted(table.get(Bytes.INT, 8), VERSION);
    }
    return table.get(Bytes.INT, 12) == range.first()
            && table.get(Bytes.INT, 16) == range.count()
            && table.get(Bytes.INT, 20) == SpanRecord.BYTES
        ? null
        : "its header does not fit the manifest";
  }

  /**
   * Null when every record of every layer makes sense, else what does not. The caller has seen that
   * the header does.
   */
  static @org.jspecify.annotations.Nullable String recordProblem(
      MemorySegment table, LayerRange range, StoredParts parts, long blockBytes) {
    for (int layer = range.first(); layer < range.first() + range.count(); layer++) {
      long at = offset(table, range, layer);
      int spans = spans(table, range, layer);
      long first = HEADER_BYTES + (long) range.count() * ENTRY_BYTES;
      if (spans < 0 || at < first || at > table.byteSize() - (long) spans * SpanRecord.BYTES) {
        return "the records of layer %d are not within it".formatted(layer);
      }
      int end = 0;
      long vectors = 0;
      long blockEnd = 0;
      for (int span = 0; span < spans; span++) {
        SpanRecord record = SpanRecord.read(table, at + (long) span * SpanRecord.BYTES);
        boolean fits =
            record.start() >= end
                && record.end() > record.start()
                && record.firstVector() == vectors
                && record.vectors() >= 0
                && record.blockOffset() >= blockEnd
                && record.blockOffset() < blockBytes
                && Bytes.align(record.blockOffset()) == record.blockOffset();
        if (fits) {
          long part = parts.bytes(record.tokens());
          blockEnd = BlockHeader.blockEnd(record.blockOffset(), part, part);
          fits = blockEnd <= blockBytes;
        }
        if (!fits) {
          return "layer %d, span %d does not fit its neighbours or the block file"
              .formatted(layer, span);
        }
        end = record.end();
        vectors += record.vectors();
      }
      if (vectors != vectors(table, range, layer)) {
        return "layer %d has other vectors than its spans".formatted(layer);
      }
    }
    return null;
  }
}
