package io.ltri.index.store;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a block file from beginning to end and compares every block with the span table of its
 * layer range. The blocks of a layer lie in the order of its spans, those of several layers anyhow
 * between each other, so the walk takes the layer whose next block comes first.
 */
final class BlockWalk {

  /** The spans of the layers of a range. */
  interface Spans {

    int count(int layer);

    SpanRecord record(int layer, int span);
  }

  private final LayerRange range;
  private final DocumentLayout layout;
  private final Spans spans;
  private final int[] next;

  BlockWalk(LayerRange range, DocumentLayout layout, Spans spans) {
    this.range = range;
    this.layout = layout;
    this.spans = spans;
    this.next = new int[range.count()];
  }

  /** Names a block as people see it in messages. */
  static String name(int layer, int span, SpanRecord record) {
    return "block of layer %d, span %d, tokens %d to %d"
        .formatted(layer, span, record.start(), record.end());
  }

  /**
   * Reads the rest of the file.
   *
   * @param faults is told of every block that is not as it was written
   */
  void check(FileReading file, Consumer<Fault> faults) throws IOException {
    int layer;
    while ((layer = nextLayer()) >= 0) {
      int span = next[layer - range.first()]++;
      SpanRecord record = spans.record(layer, span);
      String problem = problem(file, layer, span, record);
      if (problem != null) {
        faults.accept(new Fault(range.blockFile(), name(layer, span, record) + ": " + problem));
      }
    }
    file.passRest();
  }

  private int nextLayer() {
    int first = -1;
    long offset = Long.MAX_VALUE;
    for (int i = 0; i < range.count(); i++) {
      int layer = range.first() + i;
      if (next[i] < spans.count(layer)) {
        long at = spans.record(layer, next[i]).blockOffset();
        if (first < 0 || at < offset) {
          first = layer;
          offset = at;
        }
      }
    }
    return first;
  }

  private @Nullable String problem(FileReading file, int layer, int span, SpanRecord record)
      throws IOException {
    if (record.blockOffset() < file.position()) {
      return "the span table lets it begin within another";
    }
    long part = layout.partBytes(record.tokens());
    if (BlockHeader.blockEnd(record.blockOffset(), part, part) > file.size()) {
      return "the file ends before it does";
    }
    try {
      file.pass(record.blockOffset() - file.position());
      byte[] header = new byte[BlockHeader.BYTES];
      file.fill(header);
      boolean fits =
          BlockHeader.of(layer, span, record, layout).matches(MemorySegment.ofArray(header), 0);
      int keys = file.checksum(part);
      file.pass(BlockHeader.valuesOffset(record.blockOffset(), part) - file.position());
      int values = file.checksum(part);
      if (!fits) {
        return "the header does not match";
      }
      if (keys != record.keysChecksum()) {
        return values == record.valuesChecksum()
            ? "the checksum of the keys does not match"
            : "the checksums of the keys and of the values do not match";
      }
      return values == record.valuesChecksum() ? null : "the checksum of the values does not match";
    } catch (EOFException e) {
      return "the file ends before it does";
    }
  }
}
