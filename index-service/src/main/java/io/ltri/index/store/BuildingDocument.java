package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import io.ltri.index.cipher.Encryption;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;
import javax.crypto.AEADBadTagException;
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
 * the seal or a {@link Checkpoint}.
 */
final class BuildingDocument {

  private static final Logger LOG = LoggerFactory.getLogger(BuildingDocument.class);

  /** Beside the scratch files of the ranges. */
  private static final String CODES = "codes";

  private static final int FIRST_RECORDS = 64;
  private static final int MOST_RECORDS = 1 << 16;

  /** A multiple of the vectors of a block of codes. */
  private static final int FIRST_VECTORS = 128;

  private static final int MOST_VECTORS = 1 << 14;

  /** Files of a layer range, and how far they are filled. */
  private static final class Range {
    final GrowingFile blocks;
    @Nullable Growing scratch;
    volatile long blockEnd;
    volatile long scratchEnd;

    Range(GrowingFile blocks) {
      this.blocks = blocks;
    }

    Growing scratch() {
      return Objects.requireNonNull(scratch);
    }

    void close() {
      closeQuietly(blocks);
      if (scratch != null) {
        closeQuietly(scratch);
      }
    }

    private static void closeQuietly(Growing file) {
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
  private final String buildKey;
  private final Origin origin;
  private final long createdAtMillis;
  private final Path folder;
  private final Path scratchFolder;
  private final @Nullable DocumentCipher cipher;
  private final StoredParts parts;
  private final Arena arena = Arena.ofShared();
  private final List<Range> ranges = new ArrayList<>();
  private final int layersPerFile;
  private final Staging staging;

  /** The codes of the vectors; no part of a checkpoint, for they can be made again. */
  private final @Nullable Growing codes;

  private long codesEnd;

  /** Of each layer; they hold as many as the extents of its vectors. */
  private final AtomicReferenceArray<List<Extent>> codeExtents;

  private final SummaryCodes encoder;
  private final ByteBuffer codeBlock;
  private final AtomicReferenceArray<BuiltLayer> layers;

  /** Per layer: spans that were there when it was taken up again; their blocks are verified. */
  private final int[] resumed;

  private final SpanChain chain = new SpanChain();
  private final AtomicInteger lastCheckpoint;
  private volatile @Nullable Checkpoint checkpoint;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Pins pins = new Pins(this::closeFiles);
  private final ReentrantLock turn = new ReentrantLock();
  private volatile DocumentState state = DocumentState.BUILDING;
  private @Nullable StoreException gone;

  /** Makes the folders and files; when that fails, the caller deletes what there is of them. */
  static BuildingDocument begin(
      FileLayer files,
      Path folder,
      Path scratchFolder,
      String id,
      NewDocument wanted,
      int perFile,
      @Nullable DocumentCipher cipher)
      throws IOException {
    files.createFolders(folder);
    files.createFolders(scratchFolder);
    return new BuildingDocument(
        files,
        folder,
        scratchFolder,
        id,
        wanted,
        perFile,
        System.currentTimeMillis(),
        cipher,
        null);
  }

  /**
   * Goes on from a checkpoint; what was written after it is cut off, so nobody may read the files
   * meanwhile.
   *
   * @param attributes added to those of the checkpoint
   * @param lastNumber of a checkpoint that its writer before began
   * @throws DataLossException when what the checkpoint speaks of is damaged
   */
  static BuildingDocument resume(
      FileLayer files,
      Path folder,
      Path scratchFolder,
      String id,
      Checkpoint from,
      Map<String, String> attributes,
      @Nullable DocumentCipher cipher,
      int lastNumber)
      throws IOException {
    Map<String, String> all = new HashMap<>(from.attributes());
    all.putAll(attributes);
    BuildingDocument document =
        new BuildingDocument(
            files,
            folder,
            scratchFolder,
            id,
            new NewDocument(from.layout(), all, false, from.buildKey(), from.origin()),
            from.layersPerFile(),
            from.createdAtMillis(),
            cipher,
            from);
    document.lastCheckpoint.accumulateAndGet(lastNumber, Math::max);
    try {
      document.verifyScratch();
      for (int layer = 0; layer < document.layout.layers(); layer++) {
        BuiltLayer built = document.layers.get(layer);
        document.writeCodes(layer, built.vectorExtents(), 0, built.vectors());
      }
    } catch (IOException | RuntimeException e) {
      document.release();
      throw e;
    }
    return document;
  }

  private BuildingDocument(
      FileLayer files,
      Path folder,
      Path scratchFolder,
      String id,
      NewDocument wanted,
      int layersPerFile,
      long createdAtMillis,
      @Nullable DocumentCipher cipher,
      @Nullable Checkpoint from)
      throws IOException {
    this.id = id;
    this.layout = wanted.layout();
    this.attributes = wanted.attributes();
    this.ephemeral = wanted.ephemeral();
    this.buildKey = wanted.buildKey();
    this.origin = wanted.origin();
    this.layersPerFile = layersPerFile;
    this.createdAtMillis = createdAtMillis;
    this.folder = folder;
    this.scratchFolder = scratchFolder;
    this.cipher = cipher;
    this.parts = StoredParts.of(layout, cipher);
    this.checkpoint = from;
    this.lastCheckpoint = new AtomicInteger(from == null ? 0 : from.number());
    this.layers = new AtomicReferenceArray<>(layout.layers());
    this.resumed = new int[layout.layers()];
    this.codeExtents = new AtomicReferenceArray<>(layout.layers());
    this.encoder = new SummaryCodes(layout.headDim());
    this.codeBlock = ByteBuffer.allocate(SummaryCodes.blockBytes(layout.headDim()));
    for (int i = 0; i < layout.layers(); i++) {
      BuiltLayer layer = from == null ? BuiltLayer.EMPTY : from.layers().get(i);
      layers.set(i, layer);
      resumed[i] = layer.spans();
      codeExtents.set(i, List.of());
    }
    try {
      LayerRange[] all = LayerRange.of(layout.layers(), layersPerFile);
      for (int i = 0; i < all.length; i++) {
        Path blocks = folder.resolve(all[i].blockFile());
        Path scratch = scratchFolder.resolve(all[i].scratchFile());
        if (from == null) {
          Range made = new Range(new GrowingFile(files, blocks, arena));
          ranges.add(made);
          made.scratch =
              cipher == null
                  ? new GrowingFile(files, scratch, arena)
                  : new EncryptedScratch(files, scratch, arena, cipher);
        } else {
          Checkpoint.RangeEnds ends = from.ranges().get(i);
          Range made = new Range(new GrowingFile(files, blocks, arena, ends.blocks()));
          ranges.add(made);
          made.blockEnd = ends.blocks();
          if (cipher == null) {
            made.scratch = new GrowingFile(files, scratch, arena, ends.scratch());
            made.scratchEnd = ends.scratch();
          } else {
            made.scratch = new EncryptedScratch(files, scratch, arena, cipher, ends.scratch(), id);
            made.scratchEnd = endOfExtents(all[i]);
          }
        }
      }
      staging = new Staging(arena, ranges.getFirst().blocks);
      codes = cipher == null ? newCodes(files) : new GrowingMemory(arena);
    } catch (IOException | RuntimeException e) {
      closeFiles();
      throw e;
    }
  }

  private Growing codes() {
    return Objects.requireNonNull(codes);
  }

  private GrowingFile newCodes(FileLayer files) throws IOException {
    Path file = scratchFolder.resolve(CODES);
    if (Files.exists(file)) {
      files.delete(file);
    }
    return new GrowingFile(files, file, arena);
  }

  private long endOfExtents(LayerRange range) {
    long end = 0;
    for (int layer = range.first(); layer < range.first() + range.count(); layer++) {
      BuiltLayer built = layers.get(layer);
      for (Extent extent : built.recordExtents()) {
        end = Math.max(end, extent.end(SpanRecord.BYTES));
      }
      for (Extent extent : built.vectorExtents()) {
        end = Math.max(end, extent.end((long) layout.kvHeads() * layout.vectorBytes()));
      }
    }
    return end;
  }

  private void verifyScratch() {
    for (int layer = 0; layer < layout.layers(); layer++) {
      MemorySegment scratch = ranges.get(layer / layersPerFile).scratch().mapped();
      if (!chain.matches(layout, layers.get(layer), scratch)) {
        throw new DataLossException(
            "unfinished document %s: spans or vectors of layer %d are damaged"
                .formatted(id, layer));
      }
    }
  }

  private void closeFiles() {
    for (Range range : ranges) {
      range.close();
    }
    if (codes != null) {
      Range.closeQuietly(codes);
    }
    arena.close();
    closed.countDown();
  }

  /** Whether its files were closed in this time, the last reader having left. */
  boolean awaitClosed(long millis) {
    try {
      return closed.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
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

  String buildKey() {
    return buildKey;
  }

  Origin origin() {
    return origin;
  }

  /** Null when it is not encrypted. */
  @Nullable DocumentCipher cipher() {
    return cipher;
  }

  /** Null when it is not encrypted. */
  @Nullable Encryption encryption() {
    return cipher == null ? null : cipher.encryption();
  }

  /** The number of the last checkpoint that was begun. */
  int lastCheckpoint() {
    return lastCheckpoint.get();
  }

  /** The last one; null when there was none. */
  @Nullable Checkpoint checkpoint() {
    return checkpoint;
  }

  DocumentSummary summary() {
    long tokens = 0;
    long spans = 0;
    long vectors = 0;
    for (int i = 0; i < layout.layers(); i++) {
      BuiltLayer layer = layers.get(i);
      tokens = Math.max(tokens, layer.tokens());
      spans += layer.spans();
      vectors += layer.vectors();
    }
    long size = 0;
    for (Range range : ranges) {
      size += range.blockEnd + range.scratchEnd;
    }
    Checkpoint last = checkpoint;
    return new DocumentSummary(
        id,
        state,
        layout,
        attributes,
        createdAtMillis,
        0,
        tokens,
        spans,
        vectors,
        size + (last == null ? 0 : last.tailBytes()),
        null,
        origin,
        last == null ? 0 : last.tokens(),
        List.of());
  }

  // -- appending
  // ---------------------------------------------------------------------------------------------------

  /** Adds all of these spans, or none. */
  void append(int layer, List<NewSpan> spans) throws IOException {
    layout.checkLayer(layer);
    turn.lock();
    try {
      requireBuilding("append to");
      BuiltLayer before = layers.get(layer);
      int end = before.end();
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
  private void writeOrTrim(int layer, BuiltLayer before, List<NewSpan> spans) throws IOException {
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

  private void write(int layer, BuiltLayer before, List<NewSpan> spans) throws IOException {
    Range range = ranges.get(layer / layersPerFile);
    List<SpanRecord> records = new ArrayList<>(spans.size());
    long blockEnd = writeBlocks(range, layer, before, spans, records);
    int spanCount = before.spans() + spans.size();
    SpanRecord last = records.getLast();
    int vectorCount = last.firstVector() + last.vectors();
    long tokens = before.tokens();
    int chained = before.chain();
    for (int i = 0; i < records.size(); i++) {
      tokens += records.get(i).tokens();
      chained = chain.next(chained, records.get(i), spans.get(i).vectors());
    }

    long[] scratchEnd = {range.scratchEnd};
    List<Extent> recordExtents =
        extend(
            before.recordExtents(),
            spanCount,
            FIRST_RECORDS,
            MOST_RECORDS,
            SpanRecord.BYTES,
            scratchEnd);
    List<Extent> vectorExtents =
        extend(
            before.vectorExtents(),
            vectorCount,
            FIRST_VECTORS,
            MOST_VECTORS,
            layout.kvHeads() * layout.vectorBytes(),
            scratchEnd);
    writeRecords(range, recordExtents, before.spans(), records);
    writeVectors(range, vectorExtents, before.vectors(), spans);
    writeCodes(layer, vectorExtents, before.vectors(), vectorCount);

    range.blockEnd = blockEnd;
    range.scratchEnd = scratchEnd[0];
    layers.set(
        layer,
        new BuiltLayer(
            spanCount, vectorCount, tokens, last.end(), chained, recordExtents, vectorExtents));
  }

  private long writeBlocks(
      Range range, int layer, BuiltLayer before, List<NewSpan> spans, List<SpanRecord> records)
      throws IOException {
    CRC32C checksum = new CRC32C();
    long offset = range.blockEnd;
    int firstVector = before.vectors();
    staging.start(range.blocks, offset);
    for (NewSpan span : spans) {
      int number = before.spans() + records.size();
      ByteBuffer keys = stored(span.keys(), layer, number, "keys");
      ByteBuffer values = stored(span.values(), layer, number, "values");
      SpanRecord record =
          new SpanRecord(
              span.start(),
              span.end(),
              span.score(),
              span.confidence(),
              firstVector,
              span.vectorCount(layout),
              offset,
              checksum(checksum, keys),
              checksum(checksum, values));
      BlockHeader.of(layer, number, record, parts).write(staging.room(BlockHeader.BYTES));
      staging.put(keys);
      staging.align();
      staging.put(values);
      staging.align();
      records.add(record);
      firstVector = Math.addExact(firstVector, record.vectors());
      offset = BlockHeader.blockEnd(offset, keys.limit(), values.limit());
    }
    staging.flush();
    return offset;
  }

  /** As it lies in the block file. */
  private ByteBuffer stored(ByteBuffer plain, int layer, int span, String name) {
    return cipher == null ? plain : ByteBuffer.wrap(cipher.seal(plain, place(layer, span, name)));
  }

  private String place(int layer, int span, String name) {
    LayerRange range = LayerRange.of(layout.layers(), layersPerFile)[layer / layersPerFile];
    return StoredParts.place(range.blockFile(), layer, span, name);
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
      int from = more.isEmpty() ? 0 : more.getLast().first() + more.getLast().capacity();
      int capacity = more.isEmpty() ? first : Math.min(most, 2 * more.getLast().capacity());
      more.add(new Extent(from, capacity, scratchEnd[0]));
      scratchEnd[0] = more.getLast().end(slotBytes);
    }
    return List.copyOf(more);
  }

  private void writeRecords(Range range, List<Extent> extents, int first, List<SpanRecord> records)
      throws IOException {
    int ordinal = first;
    int extent = -1;
    for (SpanRecord record : records) {
      int in = Extent.find(extents, ordinal);
      if (in != extent) {
        if (extent >= 0) {
          staging.flush();
        }
        extent = in;
        Extent at = extents.get(in);
        staging.start(range.scratch(), at.recordOffset(ordinal));
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
              extent >= 0 && extents.get(extent).holds(ordinal)
                  ? extent
                  : Extent.find(extents, ordinal);
          if (in != extent) {
            if (extent >= 0) {
              staging.flush();
            }
            extent = in;
            staging.start(range.scratch(), extents.get(in).vectorOffset(layout, head, ordinal));
          }
          staging.put(span.vectors(), row * rowBytes + head * vectorBytes, vectorBytes);
        }
      }
      staging.flush();
    }
  }

  /** Of vectors that are in the scratch file; a block that was begun is written again. */
  private void writeCodes(int layer, List<Extent> vectorExtents, int first, int end)
      throws IOException {
    if (first == end) {
      return;
    }
    long[] codesAt = {codesEnd};
    List<Extent> extents =
        extend(
            codeExtents.get(layer),
            end,
            FIRST_VECTORS,
            MOST_VECTORS,
            (long) layout.kvHeads()
                * SummaryCodes.blockBytes(layout.headDim())
                / SummaryCodes.BLOCK,
            codesAt);
    MemorySegment vectors = ranges.get(layer / layersPerFile).scratch().mapped();
    MemorySegment block = MemorySegment.ofBuffer(codeBlock.clear());
    for (int head = 0; head < layout.kvHeads(); head++) {
      int at = first / SummaryCodes.BLOCK * SummaryCodes.BLOCK;
      for (; at < end; at += SummaryCodes.BLOCK) {
        for (int i = at; i < Math.min(end, at + SummaryCodes.BLOCK); i++) {
          Extent from = vectorExtents.get(Extent.find(vectorExtents, i));
          encoder.encode(
              vectors, from.vectorOffset(layout, head, i), block, 0, i % SummaryCodes.BLOCK);
        }
        Extent into = extents.get(Extent.find(extents, at));
        codes().write(codeBlock.clear(), into.codesOffset(layout, head, at));
      }
    }
    codesEnd = codesAt[0];
    codeExtents.set(layer, extents);
  }

  // -- state
  // -------------------------------------------------------------------------------------------------------

  private void requireBuilding(String what) {
    if (gone != null) {
      throw gone;
    }
    if (state != DocumentState.BUILDING) {
      throw new WrongStateException(
          "can not %s document %s: it is %s"
              .formatted(what, id, state == DocumentState.SEALING ? "being sealed" : "sealed"));
    }
  }

  /**
   * @param promote an ephemeral document is to become a listed one
   */
  void beginSeal(boolean promote) {
    if (ephemeral && !promote) {
      throw new WrongStateException(
          "document %s is ephemeral, a private delta of one sequence: it is sealed only when it is promoted"
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
      gone = new DocumentNotFoundException("document " + id + " was deleted");
    } finally {
      turn.unlock();
    }
  }

  /** No appends of its writer from now on; refused while it is being sealed. */
  void letGo() {
    turn.lock();
    try {
      requireBuilding("take over");
      gone = UnfinishedBuilds.takenOver(id);
    } finally {
      turn.unlock();
    }
  }

  // -- checkpoints
  // -------------------------------------------------------------------------------------------------

  /** What is done with a checkpoint before it counts. */
  interface CheckpointWriter {
    void write(Checkpoint made) throws IOException;
  }

  /** Which number the next checkpoint has. */
  int beginCheckpoint() {
    turn.lock();
    try {
      requireBuilding("make a checkpoint of");
      if (buildKey.isEmpty()) {
        throw new WrongStateException(
            "can not make a checkpoint of document %s: it was created without a build_key, by which it could be taken up again"
                .formatted(id));
      }
      return lastCheckpoint.incrementAndGet();
    } finally {
      turn.unlock();
    }
  }

  /**
   * Forces all that was appended to the disk, with no append, seal or deletion meanwhile.
   *
   * @param kept tokens of the boundaries that stay
   * @param boundary the tail again, on the disk, if this checkpoint is to be one; else null
   */
  void checkpoint(
      int number,
      long tokens,
      Path tail,
      Set<Long> kept,
      @Nullable Path boundary,
      CheckpointWriter writer)
      throws IOException {
    turn.lock();
    try {
      requireBuilding("make a checkpoint of");
      Checkpoint before = checkpoint;
      if (before != null && before.number() > number) {
        throw new WrongStateException(
            "document %s: a later checkpoint was made meanwhile".formatted(id));
      }
      List<Checkpoint.RangeEnds> ends = new ArrayList<>();
      for (Range range : ranges) {
        range.blocks.force();
        long scratchEnd = range.scratch().force(range.scratchEnd);
        ends.add(new Checkpoint.RangeEnds(range.blockEnd, scratchEnd));
      }
      List<BuiltLayer> snapshot = new ArrayList<>();
      for (int i = 0; i < layout.layers(); i++) {
        snapshot.add(layers.get(i));
      }
      Checkpoint made =
          new Checkpoint(
              Checkpoint.FORMAT_VERSION,
              buildKey,
              origin,
              layout,
              attributes,
              createdAtMillis,
              layersPerFile,
              number,
              tokens,
              System.currentTimeMillis(),
              Files.size(tail),
              List.copyOf(ends),
              List.copyOf(snapshot),
              boundaries(before, number, tokens, kept, boundary, snapshot),
              encryption());
      writer.write(made);
      checkpoint = made;
    } finally {
      turn.unlock();
    }
  }

  private static List<Boundary> boundaries(
      @Nullable Checkpoint before,
      int number,
      long tokens,
      Set<Long> kept,
      @Nullable Path boundary,
      List<BuiltLayer> snapshot)
      throws IOException {
    List<Boundary> boundaries = new ArrayList<>();
    if (before != null) {
      before.boundaries().stream()
          .filter(passed -> kept.contains(passed.tokens()))
          .forEach(boundaries::add);
    }
    if (boundary != null) {
      boundaries.add(
          new Boundary(
              tokens,
              number,
              Files.size(boundary),
              snapshot.stream().map(BuiltLayer::spans).toList()));
    }
    if (!Boundary.follow(boundaries)) {
      throw new InvalidInputException(
          "a checkpoint that is kept must be behind those before it, which %d tokens are not"
              .formatted(tokens));
    }
    return boundaries;
  }

  /** Where others may begin once it is sealed. */
  List<Boundary> boundaries() {
    Checkpoint last = checkpoint;
    return last == null ? List.of() : last.boundaries();
  }

  /** The store lets go of it: files are closed when the last reader has left. */
  void release() {
    pins.unpin();
  }

  // -- sealing
  // -----------------------------------------------------------------------------------------------------

  /** Cuts the block files to size and forces them to the disk. */
  void forceBlocks() throws IOException {
    for (Range range : ranges) {
      range.blocks.trim(range.blockEnd);
      range.blocks.force();
    }
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
      BuiltLayer snapshot = layers.get(layer);
      Range range = ranges.get(layer / layersPerFile);
      return new View(
          layer,
          snapshot,
          codeExtents.get(layer),
          range.blocks.mapped(),
          range.scratch().mapped(),
          codes().mapped());
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        pins.unpin();
      }
    }
  }

  private final class View implements LayerView {

    private final int number;
    private final BuiltLayer layer;
    private final List<Extent> codeExtents;
    private final MemorySegment blocks;
    private final MemorySegment scratch;
    private final MemorySegment codes;

    View(
        int number,
        BuiltLayer layer,
        List<Extent> codeExtents,
        MemorySegment blocks,
        MemorySegment scratch,
        MemorySegment codes) {
      this.number = number;
      this.layer = layer;
      this.codeExtents = codeExtents;
      this.blocks = blocks;
      this.scratch = scratch;
      this.codes = codes;
    }

    @Override
    public StorageType storageType() {
      return layout.storageType();
    }

    @Override
    public int spanCount() {
      return layer.spans();
    }

    @Override
    public int vectorCount() {
      return layer.vectors();
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
      Objects.checkIndex(span, layer.spans());
      Extent extent = layer.recordExtents().get(Extent.find(layer.recordExtents(), span));
      return extent.recordOffset(span);
    }

    @Override
    public List<VectorRun> runs(int kvHead) {
      List<VectorRun> runs = new ArrayList<>(layer.vectorExtents().size());
      for (Extent extent : layer.vectorExtents()) {
        int count = Math.min(extent.capacity(), layer.vectors() - extent.first());
        runs.add(
            new VectorRun(
                extent.first(),
                count,
                scratch.asSlice(
                    extent.vectorOffset(layout, kvHead, extent.first()),
                    (long) count * layout.vectorBytes())));
      }
      return runs;
    }

    @Override
    public List<CodeRun> codes(int kvHead) {
      List<CodeRun> runs = new ArrayList<>();
      for (Extent extent : codeExtents) {
        int count = Math.min(extent.capacity(), layer.vectors() - extent.first());
        if (count > 0) {
          runs.add(
              new CodeRun(
                  extent.first(),
                  count,
                  codes.asSlice(
                      extent.codesOffset(layout, kvHead, extent.first()),
                      SummaryCodes.bytes(count, layout.headDim()))));
        }
      }
      return runs;
    }

    @Override
    public MemorySegment keys(int span) {
      SpanRecord record = record(span);
      return part(
          span, record, record.blockOffset() + BlockHeader.BYTES, record.keysChecksum(), "keys");
    }

    @Override
    public MemorySegment values(int span) {
      SpanRecord record = record(span);
      long bytes = parts.bytes(record.tokens());
      long offset = BlockHeader.valuesOffset(record.blockOffset(), bytes);
      return part(span, record, offset, record.valuesChecksum(), "values");
    }

    /** What was read back from the disk is verified each time; what this process wrote is not. */
    private MemorySegment part(
        int span, SpanRecord record, long offset, int checksum, String name) {
      MemorySegment part = blocks.asSlice(offset, parts.bytes(record.tokens()));
      if (span < resumed[number] && Checksums.of(part) != checksum) {
        throw damaged(span, record, "the checksum of the " + name + " does not match");
      }
      if (cipher == null) {
        return part;
      }
      try {
        return MemorySegment.ofArray(
            cipher.open(part.toArray(ValueLayout.JAVA_BYTE), place(number, span, name)));
      } catch (AEADBadTagException e) {
        throw damaged(span, record, "the " + name + " can not be decrypted");
      }
    }

    private DataLossException damaged(int span, SpanRecord record, String how) {
      return new DataLossException(
          "unfinished document %s: %s: %s. Delete it and read the text again."
              .formatted(id, BlockWalk.name(number, span, record), how));
    }

    @Override
    public @Nullable VectorGraph graph(int kvHead) {
      return null;
    }
  }
}
