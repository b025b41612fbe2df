package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import io.ltri.index.store.LayerView.VectorRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.KnnVectorsReader;
import org.apache.lucene.codecs.KnnVectorsWriter;
import org.apache.lucene.codecs.hnsw.FlatVectorsFormat;
import org.apache.lucene.codecs.lucene104.Lucene104Codec;
import org.apache.lucene.codecs.lucene99.Lucene99FlatVectorsFormat;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsWriter;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LogDocMergePolicy;
import org.apache.lucene.index.SegmentReadState;
import org.apache.lucene.index.SegmentWriteState;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FilterDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexOutput;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.store.NoLockFactory;
import org.apache.lucene.store.OutputStreamIndexOutput;
import org.apache.lucene.store.ReadAdvice;
import org.jspecify.annotations.Nullable;

/**
 * The summary vectors of a sealed document: a Lucene index of one segment, one vector field per
 * layer and KV head. Lucene document {@code n} carries the {@code n}-th vector of every field
 * (layers with fewer vectors lack the field in the last documents), and per layer the span that
 * this vector belongs to.
 */
final class VectorFolder {

  static final String FOLDER = "vectors";

  /** Goes before the names that encrypted files are bound to. */
  static final String PLACE = FOLDER + "/";

  /** HNSW: neighbours per node, and candidates while building. */
  private static final int NEIGHBOURS = 16;

  private static final int BEAM_WIDTH = 100;

  /** The last number: vectors up to which a graph is not worth it. */
  private static final KnnVectorsFormat WITH_GRAPH =
      new Lucene99HnswVectorsFormat(NEIGHBOURS, BEAM_WIDTH, 1, null, 0);

  private static final KnnVectorsFormat WITHOUT_GRAPH =
      new Lucene99HnswVectorsFormat(NEIGHBOURS, BEAM_WIDTH, 1, null, Integer.MAX_VALUE);

  /**
   * Mappings are not cut into pieces below this size, so that each field is one piece of memory.
   */
  private static final long LARGEST_MAPPING = 1L << 44;

  private static final int BUFFER_BYTES = 1 << 14;

  private VectorFolder() {}

  /** "v12_2": the vectors of layer 12, KV head 2. */
  static String vectorField(int layer, int kvHead) {
    return "v" + layer + "_" + kvHead;
  }

  /** "s12": the span of the vector in layer 12. */
  static String spanField(int layer) {
    return "s" + layer;
  }

  /**
   * @param cipher null: the files are not encrypted
   */
  static Directory directory(Path folder, @Nullable DocumentCipher cipher) throws IOException {
    MMapDirectory stored = mapped(folder);
    return cipher == null ? stored : new DecryptedDirectory(stored, folder, cipher);
  }

  private static MMapDirectory mapped(Path folder) throws IOException {
    MMapDirectory directory = new MMapDirectory(folder, NoLockFactory.INSTANCE, LARGEST_MAPPING);
    // Scans read whole fields: the kernel should read ahead.
    directory.setReadAdvice((name, context) -> Optional.of(ReadAdvice.NORMAL));
    return directory;
  }

  /**
   * Streams the vectors of a document into a new index, forced to the disk; returns the names of
   * its files.
   *
   * @param cipher encrypts them; null: they are not encrypted
   * @param bufferMegabytes heap that Lucene may fill before it writes a segment
   */
  static List<String> write(
      FileLayer files,
      @Nullable DocumentCipher cipher,
      Path document,
      OpenDocument source,
      SearchMode mode,
      double bufferMegabytes)
      throws IOException {
    Path folder = document.resolve(FOLDER);
    files.createFolders(folder);
    IndexWriterConfig config = new IndexWriterConfig();
    config.setCodec(new VectorCodec(mode));
    config.setRAMBufferSizeMB(bufferMegabytes);
    config.setUseCompoundFile(false);
    config.setMergeScheduler(new SerialMergeScheduler());
    // Only neighbours are merged, which keeps the order of documents, and not before the end.
    LogDocMergePolicy merges = new LogDocMergePolicy();
    merges.setMergeFactor(Integer.MAX_VALUE / 2);
    merges.setNoCFSRatio(0);
    config.setMergePolicy(merges);
    config.setCommitOnClose(false);
    try (var directory = new LayeredDirectory(files, folder, cipher);
        IndexWriter writer = new IndexWriter(directory, config)) {
      addDocuments(writer, source, mode);
      writer.forceMerge(1);
      writer.commit();
    }
    CodesFile.write(EncryptedFiles.of(files, cipher, PLACE), document, source);
    files.forceFolder(folder);
    try (var paths = Files.list(folder)) {
      return paths.map(file -> FOLDER + "/" + file.getFileName()).sorted().toList();
    }
  }

  private static void addDocuments(IndexWriter writer, OpenDocument source, SearchMode mode)
      throws IOException {
    DocumentLayout layout = source.layout();
    List<LayerColumns> columns = new ArrayList<>();
    int documents = 0;
    for (int layer = 0; layer < layout.layers(); layer++) {
      LayerColumns column = new LayerColumns(source.layer(layer), layer, layout);
      columns.add(column);
      documents = Math.max(documents, column.view.vectorCount());
    }
    for (int n = 0; n < documents; n++) {
      Document document = new Document();
      for (LayerColumns column : columns) {
        column.add(n, document);
      }
      writer.addDocument(document);
      if (n == 0 && mode == SearchMode.GRAPH) {
        // A segment of its own, so that there is something to merge.
        writer.flush();
      }
    }
  }

  /** Walks the vectors of one layer, all KV heads side by side. */
  private static final class LayerColumns {

    private final LayerView view;
    private final int layer;
    private final DocumentLayout layout;
    private final List<List<VectorRun>> runs = new ArrayList<>();
    private int run;
    private int span;

    LayerColumns(LayerView view, int layer, DocumentLayout layout) {
      this.view = view;
      this.layer = layer;
      this.layout = layout;
      for (int head = 0; head < layout.kvHeads(); head++) {
        runs.add(view.runs(head));
      }
    }

    void add(int n, Document document) {
      if (n >= view.vectorCount()) {
        return;
      }
      VectorRun first = runs.getFirst().get(run);
      if (n == first.first() + first.count()) {
        run++;
      }
      while (n >= view.firstVector(span) + view.vectorCount(span)) {
        span++;
      }
      document.add(new NumericDocValuesField(spanField(layer), span));
      for (int head = 0; head < layout.kvHeads(); head++) {
        VectorRun from = runs.get(head).get(run);
        float[] vector =
            from.vectors()
                .asSlice((long) (n - from.first()) * layout.vectorBytes(), layout.vectorBytes())
                .toArray(Bytes.FLOAT);
        document.add(
            new KnnFloatVectorField(
                vectorField(layer, head), vector, VectorSimilarityFunction.MAXIMUM_INNER_PRODUCT));
      }
    }
  }

  /**
   * Lucene's own codec, by name too, so that any Lucene opens the index; only when graphs are built
   * differs.
   */
  private static final class VectorCodec extends Lucene104Codec {

    private final KnnVectorsFormat format;

    VectorCodec(SearchMode mode) {
      format = mode == SearchMode.GRAPH ? new GraphOnMerge() : WITHOUT_GRAPH;
    }

    @Override
    public KnnVectorsFormat getKnnVectorsFormatForField(String field) {
      return format;
    }
  }

  /**
   * Builds graphs in the one merge at the end, and none that it would throw away before. The same
   * vectors always give the same graph.
   */
  private static final class GraphOnMerge extends KnnVectorsFormat {

    GraphOnMerge() {
      super(WITH_GRAPH.getName());
    }

    @Override
    public KnnVectorsWriter fieldsWriter(SegmentWriteState state) throws IOException {
      if (state.context.context() != IOContext.Context.MERGE) {
        return WITHOUT_GRAPH.fieldsWriter(state);
      }
      FlatVectorsFormat vectors = new Lucene99FlatVectorsFormat(FixedOrderScorer.INSTANCE);
      return new Lucene99HnswVectorsWriter(
          state, NEIGHBOURS, BEAM_WIDTH, vectors, vectors.fieldsWriter(state), 1, null, 0);
    }

    @Override
    public KnnVectorsReader fieldsReader(SegmentReadState state) throws IOException {
      return WITH_GRAPH.fieldsReader(state);
    }

    @Override
    public int getMaxDimensions(String field) {
      return WITH_GRAPH.getMaxDimensions(field);
    }
  }

  /** A Lucene directory that changes the disk through our file layer. */
  private static final class LayeredDirectory extends FilterDirectory {

    private final FileLayer files;
    private final Path folder;

    LayeredDirectory(FileLayer files, Path folder, @Nullable DocumentCipher cipher)
        throws IOException {
      super(directory(folder, cipher));
      this.files = EncryptedFiles.of(files, cipher, PLACE);
      this.folder = folder;
    }

    @Override
    public IndexOutput createOutput(String name, IOContext context) throws IOException {
      return new OutputStreamIndexOutput(
          name, name, new SequentialFile(files, folder.resolve(name)), BUFFER_BYTES);
    }

    @Override
    public IndexOutput createTempOutput(String prefix, String suffix, IOContext context)
        throws IOException {
      for (long counter = 0; ; counter++) {
        String name = getTempFileName(prefix, suffix, counter);
        if (Files.notExists(folder.resolve(name))) {
          return createOutput(name, context);
        }
      }
    }

    @Override
    public void deleteFile(String name) throws IOException {
      files.delete(folder.resolve(name));
    }

    @Override
    public void rename(String from, String to) throws IOException {
      files.move(folder.resolve(from), folder.resolve(to));
    }

    @Override
    public void sync(Collection<String> names) throws IOException {
      for (String name : names) {
        files.forceFile(folder.resolve(name));
      }
    }

    @Override
    public void syncMetaData() throws IOException {
      files.forceFolder(folder);
    }
  }
}
