package io.ltri.index.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.lucene.codecs.hnsw.HnswGraphProvider;
import org.apache.lucene.codecs.perfield.PerFieldKnnVectorsFormat;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.store.Directory;
import org.apache.lucene.util.hnsw.HnswGraph;
import org.jspecify.annotations.Nullable;

/**
 * Opens Lucene's files of an imported document in a process of its own. Who made the document could
 * make their checksums fit whatever is in them, and Lucene allocates what they say: what that does
 * to a memory, it does not do to the service.
 */
final class ImportedVectors {

  private static final String MEMORY = "-Xmx256m";
  private static final long DEADLINE_SECONDS = 600;
  private static final int LONGEST_MESSAGE = 1_000;

  private ImportedVectors() {}

  /** Null when they can be opened and searched, else what is wrong. */
  static @Nullable String problem(Path document) throws IOException {
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    MEMORY,
                    "-XX:+UseSerialGC",
                    "-XX:+ExitOnOutOfMemoryError",
                    "-XX:TieredStopAtLevel=1",
                    "-Xshare:auto",
                    "-cp",
                    System.getProperty("java.class.path"),
                    ImportedVectors.class.getName(),
                    document.resolve(VectorFolder.FOLDER).toString()))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (InputStream out = process.getInputStream()) {
      // It says one line at its end.
      if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
        return "it could not be checked within " + DEADLINE_SECONDS + " seconds";
      }
      String said = new String(out.readNBytes(LONGEST_MESSAGE), StandardCharsets.UTF_8).strip();
      if (process.exitValue() == 0) {
        return null;
      }
      return said.isEmpty() ? "it takes more memory than it can need" : said;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StorageFailureException("the import was interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }

  /**
   * Main class of that process.
   *
   * @param arguments the folder
   */
  public static void main(String[] arguments) {
    try (Directory directory = VectorFolder.directory(Path.of(arguments[0]), null);
        DirectoryReader reader = DirectoryReader.open(directory)) {
      for (LeafReaderContext leaf : reader.leaves()) {
        for (FieldInfo field : leaf.reader().getFieldInfos()) {
          if (field.hasVectorValues()) {
            walk((CodecReader) leaf.reader(), field.name);
          }
        }
      }
    } catch (IOException | RuntimeException e) {
      String message = e.toString().lines().findFirst().orElse("");
      System.out.println(message.substring(0, Math.min(message.length(), LONGEST_MESSAGE / 4)));
      System.exit(1);
    }
    System.exit(0);
  }

  /** Every node of the graph, and every neighbour that it names. */
  private static void walk(CodecReader leaf, String field) throws IOException {
    int vectors = leaf.getFloatVectorValues(field).size();
    var fields = (PerFieldKnnVectorsFormat.FieldsReader) leaf.getVectorReader();
    if (!(fields.getFieldReader(field) instanceof HnswGraphProvider graphs)) {
      return;
    }
    HnswGraph graph = graphs.getGraph(field);
    if (graph == null) {
      return;
    }
    if (graph.size() > vectors || graph.entryNode() >= vectors) {
      throw new IOException("the graph of " + field + " is not that of its vectors");
    }
    for (int level = 0; level < graph.numLevels(); level++) {
      HnswGraph.NodesIterator nodes = graph.getNodesOnLevel(level);
      while (nodes.hasNext()) {
        int node = nodes.nextInt();
        graph.seek(level, node);
        for (int to = graph.nextNeighbor();
            to != DocIdSetIterator.NO_MORE_DOCS;
            to = graph.nextNeighbor()) {
          if (node < 0 || node >= vectors || to < 0 || to >= vectors) {
            throw new IOException("the graph of " + field + " leads out of its vectors");
          }
        }
      }
    }
  }
}
