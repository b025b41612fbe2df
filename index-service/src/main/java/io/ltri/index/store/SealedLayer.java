package io.ltri.index.store;

import io.ltri.index.store.Manifest.LayerCounts;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One layer of a sealed document. */
final class SealedLayer implements LayerView {

  private final SealedFiles files;
  private final int layer;
  private final LayerCounts counts;
  private final SealedRange range;
  private final MemorySegment table;
  private final long records;

  /**
   * @throws DataLossException when the span table is damaged, or the block file is missing
   */
  SealedLayer(SealedFiles files, int layer) {
    this.files = files;
    this.layer = layer;
    this.counts = files.manifest().layers().get(layer);
    this.range = files.range(layer);
    this.table = range.table();
    this.records = range.records(layer);
  }

  @Override
  public StorageType storageType() {
    return files.manifest().layout().storageType();
  }

  @Override
  public int spanCount() {
    return counts.spans();
  }

  @Override
  public int vectorCount() {
    return counts.vectors();
  }

  @Override
  public SpanRecord record(int span) {
    return SpanRecord.read(table, at(span));
  }

  @Override
  public int start(int span) {
    return table.get(Bytes.INT, at(span) + SpanRecord.START);
  }

  @Override
  public int end(int span) {
    return table.get(Bytes.INT, at(span) + SpanRecord.END);
  }

  @Override
  public int firstVector(int span) {
    return table.get(Bytes.INT, at(span) + SpanRecord.FIRST_VECTOR);
  }

  @Override
  public int vectorCount(int span) {
    return table.get(Bytes.INT, at(span) + SpanRecord.VECTORS);
  }

  private long at(int span) {
    Objects.checkIndex(span, counts.spans());
    return records + (long) span * SpanRecord.BYTES;
  }

  @Override
  public List<VectorRun> runs(int kvHead) {
    MemorySegment vectors = files.vectors().field(layer, kvHead);
    return vectors == null ? List.of() : List.of(new VectorRun(0, counts.vectors(), vectors));
  }

  @Override
  public MemorySegment keys(int span) {
    return files.marking(() -> range.keys(layer, span, record(span)));
  }

  @Override
  public MemorySegment values(int span) {
    return files.marking(() -> range.values(layer, span, record(span)));
  }

  @Override
  public @Nullable VectorGraph graph(int kvHead) {
    return files.vectors().graph(layer, kvHead);
  }
}
