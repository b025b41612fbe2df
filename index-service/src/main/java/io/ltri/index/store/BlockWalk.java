package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import javax.crypto.AEADBadTagException;
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
  private final StoredParts parts;
  private final Spans spans;
  private final @Nullable DocumentCipher cipher;
  private final int[] next;

  /**
   * @param cipher decrypts what it reads, to see whether that can be done; null: it does not
   */
  BlockWalk(LayerRange range, StoredParts parts, Spans spans, @Nullable DocumentCipher cipher) {
    this.range = range;
    this.parts = parts;
    this.spans = spans;
    this.cipher = cipher;
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
    long part = parts.bytes(record.tokens());
    if (BlockHeader.blockEnd(record.blockOffset(), part, part) > file.size()) {
      return "the file ends before it does";
    }
    try {
      file.pass(record.blockOffset() - file.position());
      byte[] header = new byte[BlockHeader.BYTES];
      file.fill(header);
      boolean fits =
          BlockHeader.of(layer, span, record, parts).matches(MemorySegment.ofArray(header), 0);
      Part keys = read(file, part, layer, span, "keys");
      file.pass(BlockHeader.valuesOffset(record.blockOffset(), part) - file.position());
      Part values = read(file, part, layer, span, "values");
      if (!fits) {
        return "the header does not match";
      }
      boolean keysFit = keys.checksum == record.keysChecksum();
      boolean valuesFit = values.checksum == record.valuesChecksum();
      if (!keysFit) {
        return valuesFit
            ? "the checksum of the keys does not match"
            : "the checksums of the keys and of the values do not match";
      }
      if (!valuesFit) {
        return "the checksum of the values does not match";
      }
      return keys.opens && values.opens ? null : "it can not be decrypted";
    } catch (EOFException e) {
      return "the file ends before it does";
    }
  }

  private record Part(int checksum, boolean opens) {}

  private Part read(FileReading file, long bytes, int layer, int span, String name)
      throws IOException {
    if (cipher == null) {
      return new Part(file.checksum(bytes), true);
    }
    byte[] part = new byte[(int) bytes];
    file.fill(part);
    CRC32C checksum = new CRC32C();
    checksum.update(part);
    boolean opens = true;
    try {
      byte[] unused = cipher.open(part, StoredParts.place(range.blockFile(), layer, span, name));
    } catch (AEADBadTagException e) {
      opens = false;
    }
    return new Part((int) checksum.getValue(), opens);
  }
}
