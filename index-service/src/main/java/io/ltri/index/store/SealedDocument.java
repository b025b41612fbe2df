package io.ltri.index.store;

import io.ltri.index.store.LayerView.VectorGraph;
import io.ltri.index.store.LayerView.VectorRun;
import io.ltri.index.store.Manifest.FileEntry;
import io.ltri.index.store.Manifest.LayerCounts;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.lucene.codecs.lucene95.HasIndexSlice;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.search.AcceptDocs;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.store.MemorySegmentAccessInput;
import org.jspecify.annotations.Nullable;

/**
 * A document that never changes again. Its files are mapped when it is first read: span tables and
 * manifest are verified then, as are Lucene's files; the parts of blocks when each is first read.
 */
final class SealedDocument {

  private final Manifest manifest;
  private final Path folder;
  private final ReentrantLock opening = new ReentrantLock();
  private @Nullable Files opened;
  private boolean released;

  SealedDocument(Manifest manifest, Path folder) {
    this.manifest = manifest;
    this.folder = folder;
  }

  DocumentSummary summary() {
    return manifest.summary();
  }

  Path folder() {
    return folder;
  }

  /** Names of all its files, with slashes. */
  Set<String> fileNames() {
    Set<String> names = new HashSet<>(Set.of(Manifest.FILE, FactsFile.FILE));
    manifest.files().forEach(file -> names.add(file.name()));
    return names;
  }

  /**
   * Null when it was deleted meanwhile.
   *
   * @throws DataLossException when a file is missing or damaged
   */
  @Nullable OpenDocument open() throws IOException {
    opening.lock();
    try {
      if (released) {
        return null;
      }
      if (opened == null) {
        opened = new Files();
      }
      return opened.pins.pin() ? new Reader(opened) : null;
    } finally {
      opening.unlock();
    }
  }

  /** The tail, mapped for a reader of this document. */
  static Tail tail(OpenDocument document) {
    Reader reader = (Reader) document;
    return reader.files.tail();
  }

  /** Whether somebody reads it at this moment. */
  boolean isInUse() {
    opening.lock();
    try {
      return opened != null && opened.pins.users() > 1;
    } finally {
      opening.unlock();
    }
  }

  /** The store lets go of it: it is closed when the last reader has left. */
  void release() {
    opening.lock();
    try {
      released = true;
      if (opened != null) {
        opened.pins.unpin();
        opened = null;
      }
    } finally {
      opening.unlock();
    }
  }

  private DataLossException damaged(String file, String how) {
    return new DataLossException(
        "document %s: file %s is damaged: %s. Delete the document and read the text again."
            .formatted(manifest.id(), file, how));
  }

  /** The tail of an open document. */
  record Tail(MemorySegment bytes, List<TailFile.Section> sections, String document) {

    MemorySegment read(TailFile.Section section) {
      return TailFile.read(bytes, section, document);
    }
  }

  /** A layer range, mapped. */
  private record MappedRange(
      LayerRange range,
      MemorySegment blocks,
      MemorySegment table,
      AtomicLongArray verified,
      int[] firstBit) {}

  /** Everything that is mapped; closed by the last one who lets go. */
  private final class Files {

    private final Arena arena = Arena.ofShared();
    private final Pins pins = new Pins(this::close);
    private final List<MappedRange> ranges = new ArrayList<>();
    private @Nullable DirectoryReader reader;
    private @Nullable LeafReader leaf;
    private final List<@Nullable MemorySegment> vectors = new ArrayList<>();

    Files() throws IOException {
      boolean complete = false;
      try {
        for (LayerRange range :
            LayerRange.of(manifest.layout().layers(), manifest.layersPerFile())) {
          ranges.add(mapRange(range));
        }
        openVectors();
        complete = true;
      } finally {
        if (!complete) {
          close();
        }
      }
    }

    private void close() {
      try {
        if (reader != null) {
          reader.close();
          reader.directory().close();
        }
      } catch (IOException e) {
        throw new StorageFailureException("document " + manifest.id() + " could not be closed", e);
      } finally {
        arena.close();
      }
    }

    private MemorySegment map(FileEntry entry) throws IOException {
      try (FileChannel channel =
          FileChannel.open(folder.resolve(entry.name()), StandardOpenOption.READ)) {
        if (channel.size() != entry.bytes()) {
          throw damaged(
              entry.name(),
              "it has %d bytes and should have %d".formatted(channel.size(), entry.bytes()));
        }
        return channel.map(MapMode.READ_ONLY, 0, entry.bytes(), arena);
      } catch (NoSuchFileException e) {
        throw damaged(entry.name(), "it is missing");
      }
    }

    private MappedRange mapRange(LayerRange range) throws IOException {
      FileEntry tableFile = manifest.file(range.spanTable());
      MemorySegment table = map(tableFile);
      if (tableFile.checksum() == null || Checksums.of(table) != tableFile.checksum()) {
        throw damaged(tableFile.name(), "its checksum does not match");
      }
      String problem = SpanTable.problem(table, range);
      if (problem != null) {
        throw damaged(tableFile.name(), problem);
      }
      int[] firstBit = new int[range.count()];
      int bits = 0;
      for (int i = 0; i < range.count(); i++) {
        int layer = range.first() + i;
        LayerCounts counts = manifest.layers().get(layer);
        if (SpanTable.spans(table, range, layer) != counts.spans()
            || SpanTable.vectors(table, range, layer) != counts.vectors()) {
          throw damaged(tableFile.name(), "its counts do not fit the manifest");
        }
        firstBit[i] = bits;
        bits = Math.addExact(bits, 2 * counts.spans());
      }
      MemorySegment blocks = map(manifest.file(range.blockFile()));
      return new MappedRange(range, blocks, table, new AtomicLongArray((bits + 63) / 64), firstBit);
    }

    private void openVectors() throws IOException {
      for (FileEntry entry : manifest.files()) {
        if (entry.name().startsWith(VectorFolder.FOLDER + "/")) {
          checkSize(entry);
        }
      }
      MMapDirectory directory = VectorFolder.directory(folder.resolve(VectorFolder.FOLDER));
      boolean complete = false;
      try {
        reader = DirectoryReader.open(directory);
        complete = true;
        for (var context : reader.leaves()) {
          context.reader().checkIntegrity();
        }
        leaf = reader.leaves().isEmpty() ? null : reader.leaves().getFirst().reader();
        mapVectors();
      } catch (CorruptIndexException e) {
        throw damaged(
            VectorFolder.FOLDER, Objects.requireNonNullElse(e.getMessage(), e.toString()));
      } catch (IOException | IllegalArgumentException e) {
        // Lucene answers bytes that make no sense with whatever reading them leads to.
        throw damaged(VectorFolder.FOLDER, e.toString());
      } finally {
        if (!complete) {
          directory.close();
        }
      }
    }

    private void checkSize(FileEntry entry) throws IOException {
      Path path = folder.resolve(entry.name());
      try {
        long size = java.nio.file.Files.size(path);
        if (size != entry.bytes()) {
          throw damaged(
              entry.name(), "it has %d bytes and should have %d".formatted(size, entry.bytes()));
        }
      } catch (NoSuchFileException e) {
        throw damaged(entry.name(), "it is missing");
      }
    }

    private void mapVectors() throws IOException {
      DocumentLayout layout = manifest.layout();
      for (int layer = 0; layer < layout.layers(); layer++) {
        int count = manifest.layers().get(layer).vectors();
        for (int head = 0; head < layout.kvHeads(); head++) {
          vectors.add(count == 0 ? null : mapField(VectorFolder.vectorField(layer, head), count));
        }
      }
    }

    /** Lucene's own mapping of a vector field: scans read it where it lies. */
    private MemorySegment mapField(String field, int count) throws IOException {
      FloatVectorValues values = leaf == null ? null : leaf.getFloatVectorValues(field);
      if (values == null
          || values.size() != count
          || values.dimension() != manifest.layout().headDim()) {
        throw damaged(VectorFolder.FOLDER, "field " + field + " does not fit the manifest");
      }
      MemorySegment segment =
          values instanceof HasIndexSlice slice
                  && slice.getSlice() instanceof MemorySegmentAccessInput input
              ? input.segmentSliceOrNull(0, (long) count * manifest.layout().vectorBytes())
              : null;
      if (segment == null) {
        throw new IllegalStateException(
            "Lucene does not hand out the memory of its vectors; start Java with MMapDirectory on memory segments");
      }
      return segment;
    }

    Tail tail() {
      try {
        MemorySegment bytes = map(manifest.file(TailFile.FILE));
        return new Tail(bytes, TailFile.sections(bytes, manifest.id()), manifest.id());
      } catch (IOException e) {
        throw new StorageFailureException(
            "the tail of document " + manifest.id() + " can not be read", e);
      }
    }
  }

  private final class Reader implements OpenDocument {

    private final Files files;
    private final AtomicBoolean closed = new AtomicBoolean();

    Reader(Files files) {
      this.files = files;
    }

    @Override
    public String id() {
      return manifest.id();
    }

    @Override
    public DocumentLayout layout() {
      return manifest.layout();
    }

    @Override
    public SearchMode searchMode() {
      return manifest.searchMode();
    }

    @Override
    public LayerView layer(int layer) {
      manifest.layout().checkLayer(layer);
      return new View(files, layer);
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        files.pins.unpin();
      }
    }
  }

  private final class View implements LayerView {

    private final Files files;
    private final int layer;
    private final LayerCounts counts;
    private final MappedRange range;
    private final long records;

    View(Files files, int layer) {
      this.files = files;
      this.layer = layer;
      this.counts = manifest.layers().get(layer);
      this.range = files.ranges.get(layer / manifest.layersPerFile());
      this.records = SpanTable.offset(range.table, range.range, layer);
    }

    @Override
    public StorageType storageType() {
      return manifest.layout().storageType();
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
      return SpanRecord.read(range.table, at(span));
    }

    @Override
    public int start(int span) {
      return range.table.get(Bytes.INT, at(span) + SpanRecord.START);
    }

    @Override
    public int end(int span) {
      return range.table.get(Bytes.INT, at(span) + SpanRecord.END);
    }

    @Override
    public int firstVector(int span) {
      return range.table.get(Bytes.INT, at(span) + SpanRecord.FIRST_VECTOR);
    }

    @Override
    public int vectorCount(int span) {
      return range.table.get(Bytes.INT, at(span) + SpanRecord.VECTORS);
    }

    private long at(int span) {
      Objects.checkIndex(span, counts.spans());
      return records + (long) span * SpanRecord.BYTES;
    }

    @Override
    public List<VectorRun> runs(int kvHead) {
      MemorySegment vectors = files.vectors.get(layer * manifest.layout().kvHeads() + kvHead);
      return vectors == null ? List.of() : List.of(new VectorRun(0, counts.vectors(), vectors));
    }

    @Override
    public MemorySegment keys(int span) {
      SpanRecord record = record(span);
      return part(
          span, record, 0, record.blockOffset() + BlockHeader.BYTES, record.keysChecksum(), "keys");
    }

    @Override
    public MemorySegment values(int span) {
      SpanRecord record = record(span);
      long keyBytes = manifest.layout().partBytes(record.tokens());
      return part(
          span,
          record,
          1,
          BlockHeader.valuesOffset(record.blockOffset(), keyBytes),
          record.valuesChecksum(),
          "values");
    }

    /**
     * @param bit 0 for the keys, 1 for the values: which of the span's bits says that it was
     *     verified
     */
    private MemorySegment part(
        int span, SpanRecord record, int bit, long offset, int checksum, String name) {
      MemorySegment part =
          range.blocks.asSlice(offset, manifest.layout().partBytes(record.tokens()));
      int position = range.firstBit[layer - range.range.first()] + 2 * span + bit;
      long mask = 1L << (position & 63);
      if ((range.verified.get(position >> 6) & mask) == 0) {
        boolean headerFits =
            BlockHeader.of(layer, span, record, manifest.layout())
                .matches(range.blocks, record.blockOffset());
        if (!headerFits || Checksums.of(part) != checksum) {
          throw damaged(
              range.range.blockFile(),
              "block of layer %d, span %d, tokens %d to %d: the %s"
                  .formatted(
                      layer,
                      span,
                      record.start(),
                      record.end(),
                      headerFits
                          ? "checksum of the " + name + " does not match"
                          : "header does not match"));
        }
        range.verified.accumulateAndGet(position >> 6, mask, (a, b) -> a | b);
      }
      return part;
    }

    @Override
    public @Nullable VectorGraph graph(int kvHead) {
      LeafReader leaf = files.leaf;
      if (manifest.searchMode() != SearchMode.GRAPH || leaf == null || counts.vectors() == 0) {
        return null;
      }
      String field = VectorFolder.vectorField(layer, kvHead);
      return (query, count) -> {
        try {
          ScoreDoc[] found =
              leaf.searchNearestVectors(
                      field,
                      query,
                      Math.min(count, counts.vectors()),
                      AcceptDocs.fromLiveDocs(null, leaf.maxDoc()),
                      Integer.MAX_VALUE)
                  .scoreDocs;
          int[] ordinals = new int[found.length];
          for (int i = 0; i < found.length; i++) {
            ordinals[i] = found[i].doc;
          }
          return ordinals;
        } catch (IOException | AlreadyClosedException e) {
          throw new StorageFailureException(
              "document " + manifest.id() + " can not be searched", e);
        }
      };
    }
  }
}
