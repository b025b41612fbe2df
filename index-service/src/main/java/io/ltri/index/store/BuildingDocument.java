package io.ltri.index.store;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A document that spans are appended to. Blocks go to their final files; span records and vectors
 * to one scratch file per layer range, in extents of growing size, by which the document can be
 * searched while it is built: the heap holds a short list of extents per layer and nothing per
 * span.
 *
 * <p>An append writes everything first and then publishes it, by one volatile write per layer: what
 * failed half-way is simply overwritten by the next append. Nothing is forced to the disk before
 * the seal.
 */
final class BuildingDocument {

  private static final Logger LOG = LoggerFactory.getLogger(BuildingDocument.class);

  private static final int FIRST_RECORDS = 64;
  private static final int MOST_RECORDS = 1 << 16;
  private static final int FIRST_VECTORS = 128;
  private static final int MOST_VECTORS = 1 << 14;

  /**
   * A run of slots of one layer in the scratch file: records, or vectors as {@code [kvHeads,
   * capacity, headDim]}.
   *
   * @param first ordinal of what is in its first slot
   */
  private record Extent(int first, int capacity, long offset) {

    boolean holds(int ordinal) {
      return ordinal < first + capacity;
    }
  }

  /** What readers may see of a layer. */
  private record Layer(
      int spans,
      int vectors,
      long tokens,
      int end,
      List<Extent> recordExtents,
      List<Extent> vectorExtents) {

    static final Layer EMPTY = new Layer(0, 0, 0, 0, List.of(), List.of());
  }

  /** Files of a layer range, and how far they are filled. */
  private static final class Range {
    final GrowingFile blocks;
    @Nullable GrowingFile scratch;
    volatile long blockEnd;
    volatile long scratchEnd;

    Range(GrowingFile blocks) {
      this.blocks = blocks;
    }

    GrowingFile scratch() {
      return Objects.requireNonNull(scratch);
    }

    void close() {
      closeQuietly(blocks);
      if (scratch != null) {
        closeQuietly(scratch);
      }
    }

    private static void closeQuietly(GrowingFile file) {
      try {
        file.close();
      } catch (IOException e) {
        // Nothing can be lost: the file was forced before, or is given up.
        LOG.debug("a file could not be closed: {}", e.toString());
      }
    }
  }

  private final String id;
  private final DocumentLayout layout;
  private final Map<String, String> attributes;
  private final boolean ephemeral;
  private final long createdAtMillis;
  private final Path folder;
  private final Path scratchFolder;
  private final Arena arena = Arena.ofShared();
  private final List<Range> ranges = new ArrayList<>();
  private final int layersPerFile;
  private final Staging staging;
  private final AtomicReferenceArray<Layer> layers;
  private final Pins pins = new Pins(this::closeFiles);
  private final ReentrantLock turn = new ReentrantLock();
  private volatile DocumentState state = DocumentState.BUILDING;
  private boolean discarded;

  /** Makes the folders and files; when that fails, the caller deletes what there is of them. */
  BuildingDocument(
      FileLayer files,
      Path folder,
      Path scratchFolder,
      String id,
      DocumentLayout layout,
      Map<String, String> attributes,
      boolean ephemeral,
      int layersPerFile,
      long createdAtMillis)
      throws IOException {
    this.id = id;
    this.layout = layout;
    this.attributes = Map.copyOf(attributes);
    this.ephemeral = ephemeral;
    this.layersPerFile = layersPerFile;
    this.createdAtMillis = createdAtMillis;
    this.folder = folder;
    this.scratchFolder = scratchFolder;
    this.layers = new AtomicReferenceArray<>(layout.layers());
    for (int i = 0; i < layout.layers(); i++) {
      layers.set(i, Layer.EMPTY);
    }
    try {
      files.createFolders(folder);
      files.createFolders(scratchFolder);
      for (LayerRange range : LayerRange.of(layout.layers(), layersPerFile)) {
        GrowingFile blocks = new GrowingFile(files, folder.resolve(range.blockFile()), arena);
        Range made = new Range(blocks);
        ranges.add(made);
        made.scratch = new GrowingFile(files, scratchFolder.resolve(range.scratchFile()), arena);
      }
      staging = new Staging(arena, ranges.getFirst().blocks);
    } catch (IOException | RuntimeException e) {
      closeFiles();
      throw e;
    }
  }

  private void closeFiles() {
    for (Range range : ranges) {
      range.close();
    }
    arena.close();
  }

  String id() {
    return id;
  }

  DocumentLayout layout() {
    return layout;
  }

  boolean ephemeral() {
    return ephemeral;
  }

  int layersPerFile() {
    return layersPerFile;
  }

  Path folder() {
    return folder;
  }

  Path scratchFolder() {
    return scratchFolder;
  }

  long createdAtMillis() {
    return createdAtMillis;
  }

  Map<String, String> attributes() {
    return attributes;
  }

  DocumentSummary summary() {
    long tokens = 0;
    long spans = 0;
    long vectors = 0;
    for (int i = 0; i < layout.layers(); i++) {
      Layer layer = layers.get(i);
      tokens = Math.max(tokens, layer.tokens);
      spans += layer.spans;
      vectors += layer.vectors;
    }
    long size = 0;
    for (Range range : ranges) {
      size += range.blockEnd + range.scratchEnd;
    }
    return new DocumentSummary(
        id, state, layout, attributes, createdAtMillis, 0, tokens, spans, vectors, size, null);
  }

  // -- appending
  // ---------------------------------------------------------------------------------------------------

  /** Adds all of these spans, or none. */
  void append(int layer, List<NewSpan> spans) throws IOException {
    layout.checkLayer(layer);
    turn.lock();
    try {
      requireBuilding("append to");
      Layer before = layers.get(layer);
      int end = before.end;
      for (int i = 0; i < spans.size(); i++) {
        NewSpan span = spans.get(i);
        span.check(
            layout, end, "document %s, layer %d, span %d of the message".formatted(id, layer, i));
        end = span.end();
      }
      if (!spans.isEmpty()) {
        writeOrTrim(layer, before, spans);
      }
    } finally {
      turn.unlock();
    }
  }

  /** What failed half-way gives its room back. */
  private void writeOrTrim(int layer, Layer before, List<NewSpan> spans) throws IOException {
    try {
      write(layer, before, spans);
    } catch (IOException e) {
      Range range = ranges.get(layer / layersPerFile);
      try {
        range.blocks.trim(range.blockEnd);
      } catch (IOException stuck) {
        e.addSuppressed(stuck);
      }
      throw e;
    }
  }

  private void write(int layer, Layer before, List<NewSpan> spans) throws IOException {
    Range range = ranges.get(layer / layersPerFile);
    List<SpanRecord> records = new ArrayList<>(spans.size());
    long blockEnd = writeBlocks(range, layer, before, spans, records);
    int spanCount = before.spans + spans.size();
    SpanRecord last = records.getLast();
    int vectorCount = last.firstVector() + last.vectors();
    long tokens = before.tokens;
    for (SpanRecord record : records) {
      tokens += record.tokens();
    }

    long[] scratchEnd = {range.scratchEnd};
    List<Extent> recordExtents =
        extend(
            before.recordExtents,
            spanCount,
            FIRST_RECORDS,
            MOST_RECORDS,
            SpanRecord.BYTES,
            scratchEnd);
    List<Extent> vectorExtents =
        extend(
            before.vectorExtents,
            vectorCount,
            FIRST_VECTORS,
            MOST_VECTORS,
            layout.kvHeads() * layout.vectorBytes(),
            scratchEnd);
    writeRecords(range, recordExtents, before.spans, records);
    writeVectors(range, vectorExtents, before.vectors, spans);

    range.blockEnd = blockEnd;
    range.scratchEnd = scratchEnd[0];
    layers.set(
        layer, new Layer(spanCount, vectorCount, tokens, last.end(), recordExtents, vectorExtents));
  }

  private long writeBlocks(
      Range range, int layer, Layer before, List<NewSpan> spans, List<SpanRecord> records)
      throws IOException {
    CRC32C checksum = new CRC32C();
    long offset = range.blockEnd;
    int firstVector = before.vectors;
    staging.start(range.blocks, offset);
    for (NewSpan span : spans) {
      SpanRecord record =
          new SpanRecord(
              span.start(),
              span.end(),
              span.score(),
              span.confidence(),
              firstVector,
              span.vectorCount(layout),
              offset,
              checksum(checksum, span.keys()),
              checksum(checksum, span.values()));
      BlockHeader.of(layer, before.spans + records.size(), record, layout)
          .write(staging.room(BlockHeader.BYTES));
      staging.put(span.keys());
      staging.align();
      staging.put(span.values());
      staging.align();
      records.add(record);
      firstVector = Math.addExact(firstVector, record.vectors());
      offset = BlockHeader.blockEnd(offset, span.keys().limit(), span.values().limit());
    }
    staging.flush();
    return offset;
  }

  private static int checksum(CRC32C checksum, ByteBuffer bytes) {
    checksum.reset();
    checksum.update(bytes.duplicate());
    return (int) checksum.getValue();
  }

  /** The extents, and new ones behind them, until they hold that many slots. */
  private static List<Extent> extend(
      List<Extent> extents, int slots, int first, int most, long slotBytes, long[] scratchEnd) {
    if (!extents.isEmpty() && extents.getLast().holds(slots - 1)) {
      return extents;
    }
    List<Extent> more = new ArrayList<>(extents);
    while (more.isEmpty() || !more.getLast().holds(slots - 1)) {
      int from = more.isEmpty() ? 0 : more.getLast().first + more.getLast().capacity;
      int capacity = more.isEmpty() ? first : Math.min(most, 2 * more.getLast().capacity);
      more.add(new Extent(from, capacity, scratchEnd[0]));
      scratchEnd[0] = Bytes.align(scratchEnd[0] + capacity * slotBytes);
    }
    return List.copyOf(more);
  }

  private void writeRecords(Range range, List<Extent> extents, int first, List<SpanRecord> records)
      throws IOException {
    int ordinal = first;
    int extent = -1;
    for (SpanRecord record : records) {
      int in = find(extents, ordinal);
      if (in != extent) {
        if (extent >= 0) {
          staging.flush();
        }
        extent = in;
        Extent at = extents.get(in);
        staging.start(range.scratch(), at.offset + (long) (ordinal - at.first) * SpanRecord.BYTES);
      }
      record.write(staging.room(SpanRecord.BYTES));
      ordinal++;
    }
    staging.flush();
  }

  private void writeVectors(Range range, List<Extent> extents, int first, List<NewSpan> spans)
      throws IOException {
    int vectorBytes = layout.vectorBytes();
    int rowBytes = layout.kvHeads() * vectorBytes;
    for (int head = 0; head < layout.kvHeads(); head++) {
      int ordinal = first;
      int extent = -1;
      for (NewSpan span : spans) {
        for (int row = 0; row < span.vectorCount(layout); row++, ordinal++) {
          int in =
              extent >= 0 && extents.get(extent).holds(ordinal) ? extent : find(extents, ordinal);
          if (in != extent) {
            if (extent >= 0) {
              staging.flush();
            }
            extent = in;
            staging.start(range.scratch(), vectorOffset(extents.get(in), head, ordinal));
          }
          staging.put(span.vectors(), row * rowBytes + head * vectorBytes, vectorBytes);
        }
      }
      staging.flush();
    }
  }

  private long vectorOffset(Extent extent, int head, int ordinal) {
    return extent.offset
        + ((long) head * extent.capacity + ordinal - extent.first) * layout.vectorBytes();
  }

  private static int find(List<Extent> extents, int ordinal) {
    int at = extents.size() - 1;
    while (extents.get(at).first > ordinal) {
      at--;
    }
    return at;
  }

  // -- state
  // -------------------------------------------------------------------------------------------------------

  private void requireBuilding(String what) {
    if (discarded) {
      throw new DocumentNotFoundException("document " + id + " was deleted");
    }
    if (state != DocumentState.BUILDING) {
      throw new WrongStateException(
          "can not %s document %s: it is %s"
              .formatted(what, id, state == DocumentState.SEALING ? "being sealed" : "sealed"));
    }
  }

  void beginSeal() {
    if (ephemeral) {
      throw new WrongStateException(
          "document %s is ephemeral, a private delta of one sequence: it can not be sealed"
              .formatted(id));
    }
    turn.lock();
    try {
      requireBuilding("seal");
      state = DocumentState.SEALING;
    } finally {
      turn.unlock();
    }
  }

  /** The seal came to nothing: spans can be appended again. */
  void resume() {
    state = DocumentState.BUILDING;
  }

  /** No appends from now on; refused while it is being sealed. */
  void discard() {
    turn.lock();
    try {
      requireBuilding("delete");
      discarded = true;
    } finally {
      turn.unlock();
    }
  }

  /** The store lets go of it: files are closed when the last reader has left. */
  void release() {
    pins.unpin();
  }

  // -- sealing
  // -----------------------------------------------------------------------------------------------------

  /**
   * Cuts the block files to size and forces them to the disk; returns their sizes, range by range.
   */
  List<Long> forceBlocks() throws IOException {
    List<Long> sizes = new ArrayList<>();
    for (Range range : ranges) {
      range.blocks.trim(range.blockEnd);
      range.blocks.force();
      sizes.add(range.blockEnd);
    }
    return sizes;
  }

  // -- reading
  // -----------------------------------------------------------------------------------------------------

  /** Null when it was deleted or sealed meanwhile. */
  @Nullable OpenDocument open() {
    return pins.pin() ? new Reader() : null;
  }

  private final class Reader implements OpenDocument {

    private final AtomicBoolean closed = new AtomicBoolean();

    @Override
    public String id() {
      return id;
    }

    @Override
    public DocumentLayout layout() {
      return layout;
    }

    @Override
    public SearchMode searchMode() {
      return SearchMode.SCAN;
    }

    @Override
    public LayerView layer(int layer) {
      layout.checkLayer(layer);
      // The snapshot first: the mappings read after it cover all that it speaks of.
      Layer snapshot = layers.get(layer);
      Range range = ranges.get(layer / layersPerFile);
      return new View(snapshot, range.blocks.mapped(), range.scratch().mapped());
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        pins.unpin();
      }
    }
  }

  private final class View implements LayerView {

    private final Layer layer;
    private final MemorySegment blocks;
    private final MemorySegment scratch;

    View(Layer layer, MemorySegment blocks, MemorySegment scratch) {
      this.layer = layer;
      this.blocks = blocks;
      this.scratch = scratch;
    }

    @Override
    public StorageType storageType() {
      return layout.storageType();
    }

    @Override
    public int spanCount() {
      return layer.spans;
    }

    @Override
    public int vectorCount() {
      return layer.vectors;
    }

    @Override
    public int start(int span) {
      return scratch.get(Bytes.INT, at(span) + SpanRecord.START);
    }

    @Override
    public int end(int span) {
      return scratch.get(Bytes.INT, at(span) + SpanRecord.END);
    }

    @Override
    public int firstVector(int span) {
      return scratch.get(Bytes.INT, at(span) + SpanRecord.FIRST_VECTOR);
    }

    @Override
    public int vectorCount(int span) {
      return scratch.get(Bytes.INT, at(span) + SpanRecord.VECTORS);
    }

    @Override
    public SpanRecord record(int span) {
      return SpanRecord.read(scratch, at(span));
    }

    private long at(int span) {
      Objects.checkIndex(span, layer.spans);
      Extent extent = layer.recordExtents.get(find(layer.recordExtents, span));
      return extent.offset + (long) (span - extent.first) * SpanRecord.BYTES;
    }

    @Override
    public List<VectorRun> runs(int kvHead) {
      List<VectorRun> runs = new ArrayList<>(layer.vectorExtents.size());
      for (Extent extent : layer.vectorExtents) {
        int count = Math.min(extent.capacity, layer.vectors - extent.first);
        runs.add(
            new VectorRun(
                extent.first,
                count,
                scratch.asSlice(
                    vectorOffset(extent, kvHead, extent.first),
                    (long) count * layout.vectorBytes())));
      }
      return runs;
    }

    @Override
    public MemorySegment keys(int span) {
      SpanRecord record = record(span);
      return blocks.asSlice(
          record.blockOffset() + BlockHeader.BYTES, layout.partBytes(record.tokens()));
    }

    @Override
    public MemorySegment values(int span) {
      SpanRecord record = record(span);
      long bytes = layout.partBytes(record.tokens());
      return blocks.asSlice(BlockHeader.valuesOffset(record.blockOffset(), bytes), bytes);
    }

    @Override
    public @Nullable VectorGraph graph(int kvHead) {
      return null;
    }
  }
}
