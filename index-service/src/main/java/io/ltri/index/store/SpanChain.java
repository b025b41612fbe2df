package io.ltri.index.store;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * A checksum over records and vectors of the spans of a layer that grows with each span: CRC-32C of
 * the chain before (4 bytes), the span's record, and its vectors {@code [vectors, kvHeads,
 * headDim]}. It can be computed while spans come in, however they come in groups, and again from
 * the scratch file. One thread at a time.
 */
final class SpanChain {

  private final CRC32C checksum = new CRC32C();
  private final ByteBuffer head =
      ByteBuffer.allocate(Integer.BYTES + SpanRecord.BYTES).order(ByteOrder.LITTLE_ENDIAN);

  /** The chain behind a span that comes in. */
  int next(int before, SpanRecord record, ByteBuffer vectors) {
    begin(before, record);
    checksum.update(vectors.duplicate());
    return (int) checksum.getValue();
  }

  private void begin(int before, SpanRecord record) {
    head.clear().putInt(before);
    record.write(head);
    checksum.reset();
    checksum.update(head.flip());
  }

  /** Whether the scratch file holds what the layer's chain was computed from. */
  boolean matches(DocumentLayout layout, BuiltLayer layer, MemorySegment scratch) {
    int chain = 0;
    int vectors = 0;
    for (int span = 0; span < layer.spans(); span++) {
      Extent at = layer.recordExtents().get(Extent.find(layer.recordExtents(), span));
      SpanRecord record = SpanRecord.read(scratch, at.recordOffset(span));
      if (record.firstVector() != vectors
          || record.vectors() < 0
          || record.vectors() > layer.vectors() - vectors) {
        return false;
      }
      begin(chain, record);
      for (int end = vectors + record.vectors(); vectors < end; vectors++) {
        Extent in = layer.vectorExtents().get(Extent.find(layer.vectorExtents(), vectors));
        for (int kvHead = 0; kvHead < layout.kvHeads(); kvHead++) {
          long offset = in.vectorOffset(layout, kvHead, vectors);
          checksum.update(scratch.asSlice(offset, layout.vectorBytes()).asByteBuffer());
        }
      }
      chain = (int) checksum.getValue();
    }
    return vectors == layer.vectors() && chain == layer.chain();
  }
}
