package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import io.ltri.index.store.LayerView.VectorGraph;
import io.ltri.index.store.LayerView.VectorRun;
import io.ltri.index.store.Manifest.FileEntry;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.apache.lucene.codecs.hnsw.HnswGraphProvider;
import org.apache.lucene.codecs.perfield.PerFieldKnnVectorsFormat;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TopKnnCollector;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.Directory;
import org.apache.lucene.util.hnsw.HnswGraphSearcher;
import org.jspecify.annotations.Nullable;

/** The summary vectors of a sealed document: Lucene's files, verified, and open. */
final class SealedVectors implements AutoCloseable {

  private final Manifest manifest;
  private final SealedFiles files;
  private final DirectoryReader reader;
  private final @Nullable LeafReader leaf;

  /** Of each layer and KV head; null where there are none. */
  private final List<@Nullable MemorySegment> vectors = new ArrayList<>();

  /** As the vectors. */
  private final List<@Nullable MemorySegment> codes = new ArrayList<>();

  /** Of codes that are in no file. */
  private final Arena memory = Arena.ofShared();

  /**
   * Compares every file with its checksum, so Lucene never sees other bytes than it wrote.
   *
   * @throws DataLossException when one is damaged
   */
  SealedVectors(Manifest manifest, Path folder, SealedFiles files, @Nullable DocumentCipher cipher)
      throws IOException {
    this.manifest = manifest;
    this.files = files;
    for (FileEntry entry : manifest.files()) {
      if (entry.name().startsWith(VectorFolder.FOLDER + "/")) {
        files.check(entry);
      }
    }
    Directory directory = VectorFolder.directory(folder.resolve(VectorFolder.FOLDER), cipher);
    DirectoryReader opened = null;
    boolean complete = false;
    try {
      opened = DirectoryReader.open(directory);
      leaf = opened.leaves().isEmpty() ? null : opened.leaves().getFirst().reader();
      reader = opened;
      mapVectors(files);
      mapCodes(files);
      complete = true;
    } catch (CorruptIndexException e) {
      throw files.damaged(
          VectorFolder.FOLDER, Objects.requireNonNullElse(e.getMessage(), e.toString()));
    } catch (FileSystemException | DataLossException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // Lucene answers bytes that make no sense with whatever reading them leads to. Its checksums
      // may be right all the same, in a file that somebody made to be imported.
      throw files.damaged(VectorFolder.FOLDER, e.toString());
    } finally {
      if (!complete) {
        memory.close();
        if (opened != null) {
          opened.close();
        }
        directory.close();
      }
    }
  }

  private void mapVectors(SealedFiles files) throws IOException {
    DocumentLayout layout = manifest.layout();
    for (int layer = 0; layer < layout.layers(); layer++) {
      int count = manifest.layers().get(layer).vectors();
      for (int head = 0; head < layout.kvHeads(); head++) {
        vectors.add(
            count == 0 ? null : mapField(files, VectorFolder.vectorField(layer, head), count));
      }
    }
  }

  /** Lucene's own mapping of a vector field: scans read it where it lies. */
  private MemorySegment mapField(SealedFiles files, String field, int count) throws IOException {
    FloatVectorValues values = leaf == null ? null : leaf.getFloatVectorValues(field);
    if (values == null
        || values.size() != count
        || values.dimension() != manifest.layout().headDim()) {
      throw files.damaged(VectorFolder.FOLDER, "field " + field + " does not fit the manifest");
    }
    return FixedOrderScorer.memory(values);
  }

  private void mapCodes(SealedFiles files) throws IOException {
    DocumentLayout layout = manifest.layout();
    MemorySegment file = null;
    for (FileEntry entry : manifest.files()) {
      if (entry.name().equals(CodesFile.NAME)) {
        file = files.plain(entry, VectorFolder.PLACE);
        String problem = CodesFile.problem(file, manifest);
        if (problem != null) {
          throw files.damaged(CodesFile.NAME, problem);
        }
      }
    }
    for (int layer = 0; layer < layout.layers(); layer++) {
      for (int head = 0; head < layout.kvHeads(); head++) {
        MemorySegment field = field(layer, head);
        if (field == null || file == null) {
          codes.add(field == null ? null : made(memory, layer, field));
        } else {
          codes.add(CodesFile.field(file, manifest, layer, head));
        }
      }
    }
  }

  private MemorySegment made(Arena arena, int layer, MemorySegment field) {
    int count = manifest.layers().get(layer).vectors();
    int headDim = manifest.layout().headDim();
    MemorySegment blocks = arena.allocate(SummaryCodes.bytes(count, headDim), 64);
    SummaryCodes.encode(List.of(new VectorRun(0, count, field)), blocks, headDim);
    return blocks;
  }

  /** Null when codes are those of the vectors, else what is wrong. */
  @Nullable String codesProblem() {
    DocumentLayout layout = manifest.layout();
    for (int layer = 0; layer < layout.layers(); layer++) {
      for (int head = 0; head < layout.kvHeads(); head++) {
        MemorySegment field = field(layer, head);
        MemorySegment kept = codes(layer, head);
        if (field == null || kept == null) {
          continue;
        }
        try (Arena scratch = Arena.ofConfined()) {
          if (made(scratch, layer, field).mismatch(kept) >= 0) {
            return "layer %d, KV head %d has codes of other vectors".formatted(layer, head);
          }
        }
      }
    }
    return null;
  }

  /** Blocks of {@link SummaryCodes}; null where there are no vectors. */
  @Nullable MemorySegment codes(int layer, int kvHead) {
    return codes.get(layer * manifest.layout().kvHeads() + kvHead);
  }

  /** float32 {@code [vectors of the layer, headDim]}; null where there are none. */
  @Nullable MemorySegment field(int layer, int kvHead) {
    return vectors.get(layer * manifest.layout().kvHeads() + kvHead);
  }

  /** Null when the document is scanned. */
  @Nullable VectorGraph graph(int layer, int kvHead) {
    LeafReader searched = leaf;
    int vectorCount = manifest.layers().get(layer).vectors();
    if (manifest.searchMode() != SearchMode.GRAPH || searched == null || vectorCount == 0) {
      return null;
    }
    String field = VectorFolder.vectorField(layer, kvHead);
    return (query, count) -> {
      if (count >= vectorCount) {
        return IntStream.range(0, vectorCount).toArray();
      }
      try {
        FloatVectorValues values = Objects.requireNonNull(searched.getFloatVectorValues(field));
        TopKnnCollector nearest = new TopKnnCollector(count, Integer.MAX_VALUE);
        HnswGraphSearcher.search(
            FixedOrderScorer.INSTANCE.getRandomVectorScorer(
                VectorSimilarityFunction.MAXIMUM_INNER_PRODUCT, values, query),
            nearest,
            graphs(searched, field).getGraph(field),
            null);
        ScoreDoc[] found = nearest.topDocs().scoreDocs;
        int[] ordinals = new int[found.length];
        for (int i = 0; i < found.length; i++) {
          ordinals[i] = found[i].doc;
        }
        return ordinals;
      } catch (EOFException e) {
        throw files.damaged(VectorFolder.FOLDER, "the graph of " + field + " makes no sense: " + e);
      } catch (IOException | AlreadyClosedException e) {
        throw new StorageFailureException("document " + manifest.id() + " can not be searched", e);
      } catch (RuntimeException e) {
        throw files.damaged(VectorFolder.FOLDER, "the graph of " + field + " makes no sense: " + e);
      }
    };
  }

  private static HnswGraphProvider graphs(LeafReader leaf, String field) {
    var fields = (PerFieldKnnVectorsFormat.FieldsReader) ((CodecReader) leaf).getVectorReader();
    return (HnswGraphProvider) fields.getFieldReader(field);
  }

  @Override
  public void close() throws IOException {
    memory.close();
    reader.close();
    reader.directory().close();
  }
}
