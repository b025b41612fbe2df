package io.ltri.index.store;

import io.ltri.index.store.Manifest.LayerCounts;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One layer of a sealed document, or the first spans of one. */
final class SealedLayer implements LayerView {

  private final SealedFiles files;
  private final int layer;
  private final int spans;
  private final int vectors;

  /** Whether these are all: the graphs are over all vectors. */
  private final boolean whole;

  private final SealedRange range;
  private final MemorySegment table;
  private final long records;

  /**
   * @throws DataLossException when the span table is damaged, or the block file is missing
   */
  SealedLayer(SealedFiles files, int layer) {
    this(files, layer, files.manifest().layers().get(layer), true);
  }

  /**
   * @param spans the first so many; scanned, whatever the document is
   * @throws DataLossException when the span table is damaged, or the block file is missing
   */
  SealedLayer(SealedFiles files, int layer, int spans) {
    this(
        files,
        layer,
        new LayerCounts(spans, vectorsBefore(files.range(layer), layer, spans), 0),
        false);
  }

  private SealedLayer(SealedFiles files, int layer, LayerCounts counts, boolean whole) {
    this.files = files;
    this.layer = layer;
    this.spans = counts.spans();
    this.vectors = counts.vectors();
    this.whole = whole;
    this.range = files.range(layer);
    this.table = range.table();
    this.records = range.records(layer);
  }

  private static int vectorsBefore(SealedRange range, int layer, int spans) {
    if (spans == 0) {
      return 0;
    }
    SpanRecord last =
        SpanRecord.read(
            range.table(), range.records(layer) + (long) (spans - 1) * SpanRecord.BYTES);
    return last.firstVector() + last.vectors();
  }

  @Override
  public StorageType storageType() {
    return files.manifest().layout().storageType();
  }

  @Override
  public int spanCount() {
    return spans;
  }

  @Override
  public int vectorCount() {
    return vectors;
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
    Objects.checkIndex(span, spans);
    return records + (long) span * SpanRecord.BYTES;
  }

  @Override
  public List<VectorRun> runs(int kvHead) {
    MemorySegment field = files.vectors().field(layer, kvHead);
    return field == null || vectors == 0
        ? List.of()
        : List.of(
            new VectorRun(
                0,
                vectors,
                field.asSlice(0, (long) vectors * files.manifest().layout().vectorBytes())));
  }

  @Override
  public List<CodeRun> codes(int kvHead) {
    MemorySegment blocks = files.vectors().codes(layer, kvHead);
    return blocks == null || vectors == 0 ? List.of() : List.of(new CodeRun(0, vectors, blocks));
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
    return whole ? files.vectors().graph(layer, kvHead) : null;
  }
}
